/** The part of the native binding for speech, as `src/speech/` makes it. */

import type { Call, ChatService, Client, Host, Options, Waker } from './native.js';

/** A speaker. */
export declare class Speaker {
  /**
   * A speaker with these settings, which are JSON. One of a model's service uses that of the client, called with these
   * options, unless the settings name another.
   */
  constructor(settings: string, client?: Client | undefined | null, options?: Options | undefined | null)
  /** The speaker of this chat service. */
  static ofService(service: ChatService): Speaker
  /** The function of this number as a speaker. */
  static ofFunction(host: Host, number: number): Speaker
  /** Requests the audio of a text. The request is JSON; a function that speaks gets the number of its caller. */
  speak(request: string, caller?: number | undefined | null): Call
}

/** Speaks texts sentence by sentence. */
export declare class Speech {
  /** Speech through this speaker, with settings as JSON. */
  constructor(speaker: Speaker, settings: string)
  /** A text to speak. A speaker that is a function gets the number of its caller. */
  text(caller?: number | undefined | null): Text
}

/** A text that is not spoken yet: its feed, and its reader, which takes it once. */
export declare class Text {
  /** The feed of the text, once. */
  feed(): TextFeed | null
  /** Begins to speak: pieces of audio. */
  pieces(): Call
  /** Begins to speak: the bytes of one file. */
  joined(): Call
  /** Begins to speak into a file: the number of its bytes. */
  writeFile(path: string): Call
}

/** The text of a speech. When JavaScript drops it, the text ends. */
export declare class TextFeed {
  /**
   * Appends text. The result is `open`, `full` (wait for room before the next piece) or `closed` (nobody reads it any
   * more).
   */
  push(text: string): string
  /** Wakes JavaScript with this id, once, as soon as there is room or nobody reads the text any more. */
  wake(waker: Waker, id: number): void
  /** Ends the text. */
  end(): void
  /** Ends the text with a failure of its source. */
  fail(message: string): void
}

/** Cuts a growing text into sentences that can be spoken. */
export declare class SentenceCutter {
  /** A cutter whose longest sentence has so many code points. */
  constructor(longest?: number | undefined | null)
  /** Adds more of the text, and returns the sentences that are complete. */
  push(text: string): Array<string>
  /** Ends the text, and returns the rest of its sentences. */
  finish(): Array<string>
}

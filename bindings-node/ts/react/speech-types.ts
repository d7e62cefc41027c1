/** The types of speech in a page. */

/** The settings of a page's speech. */
export interface SpeechOptions {
  /**
   * `audioElement`, the default: one `<audio>` element, with a short gap between sentences. `webAudio`: without gaps, but an iPhone mutes
   * it with its switch and in the background. The one that is given first counts.
   */
  output?: Output;
  /** Plays the `audio` events of replies. Default true; false leaves `speak`. */
  replies?: boolean;
}

/** Plays sound, one part after the other. */
export interface Player {
  /** The number of parts that it takes at once, the one that is heard included. */
  readonly ahead: number;
  /** Plays a part after those before it, and calls back at its end. A part that is stopped has none. */
  play(audio: Uint8Array<ArrayBuffer>, mime: string, ended: (error?: Error) => void): void;
  /** Is called in a gesture of the user: plays what is blocked, or something silent, so that the next part may be played. */
  unlock(): void;
  /** Ends all of it at once. */
  stop(): void;
}

/** Makes a player. It calls `blocked` when the browser begins or ends to wait for a gesture. */
export type Output = (blocked: (isBlocked: boolean) => void) => Player;

/** A piece of speech. */
export interface SpeechPart {
  /** Its number within the message, from 0 and without gaps. */
  seq: number;
  text: string;
  /** The bytes, or their base64. */
  audio: Uint8Array | string;
  /** Default `audio/mpeg`. */
  mime?: string;
  messageId?: string | null;
}

/** The sentence that is heard. */
export interface Speaking {
  readonly seq: number;
  readonly text: string;
  readonly messageId: string | null;
}

/**
 * `loading`: on-demand speech is on its way. `blocked`: the browser waits for a gesture of the user; the parts are kept, and
 * `unlock()` in a tap goes on with them.
 */
export type SpeechState = 'idle' | 'loading' | 'playing' | 'blocked';

/** The state of the speech at one moment. */
export interface SpeechSnapshot {
  readonly state: SpeechState;
  readonly speaking: Speaking | null;
  /** The last error: a part that could not be played was left out. Until the next part or `stop`. */
  readonly error: Error | null;
}

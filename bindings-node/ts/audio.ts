/** `client.audio`. */

import type { Connection } from './connection.js';
import type { RequestOptions } from './options.js';
import type { APIPromise } from './promise.js';
import type { AudioFormat } from './settings.js';
import { UNSUPPORTED_OF_AUDIO, markUnsupported } from './unsupported.js';

/** A request for speech. Fields that are not listed are sent as they are. */
export interface SpeechCreateParams {
  /** The text. */
  input: string;
  model: (string & {}) | SpeechModel;
  /** A name such as `alloy`, or the id of a voice of your own. */
  voice: string | { id: string };
  /** Instructions in words. `tts-1` and `tts-1-hd` accept none. */
  instructions?: string;
  /** Default `mp3`. */
  response_format?: AudioFormat;
  /** From 0.25 to 4; 1 is the voice's normal speed. */
  speed?: number;
  stream_format?: 'sse' | 'audio';
}

export type SpeechModel = 'tts-1' | 'tts-1-hd' | 'gpt-4o-mini-tts' | 'gpt-4o-mini-tts-2025-12-15';

/** `client.audio.speech`: text to audio. */
export class AudioSpeech {
  #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Requests the audio of a text. The response's body has the audio as it arrives; its `arrayBuffer()`, or `blob()`, all of it. */
  create(body: SpeechCreateParams, options?: RequestOptions): APIPromise<Response> {
    return this.#connection.response((client, given) => client.speech(JSON.stringify(body), given), options);
  }
}

/** `client.audio`. */
export class Audio {
  readonly speech: AudioSpeech;

  constructor(connection: Connection) {
    this.speech = new AudioSpeech(connection);
  }
}

markUnsupported(Audio, 'client.audio', UNSUPPORTED_OF_AUDIO);

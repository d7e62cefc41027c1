/** The types of speech in a page. */

/** The settings of a page's speech. */
export interface SpeechOptions {
  /**
   * `element`, the default: one `<audio>` element, which also plays on a muted iPhone and with the screen locked, with a gap of 20 to
   * 100 ms between sentences. `webaudio`: without gaps, but silent on a muted iPhone and in the background. The first one's counts.
   */
  output?: 'element' | 'webaudio';
  /** Plays the `audio` events of replies. Default true; false leaves `speak`. */
  replies?: boolean;
}

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

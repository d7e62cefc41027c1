/** The outputs of speech, behind one face. */

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

/** Receives whether the browser waits for a gesture. */
export type Blocked = (isBlocked: boolean) => void;

/** The queue of speech: parts in order, one at a time, until they are played or silenced. */

import { audioElement } from './audio-element.js';
import type { Player, Speaking, SpeechOptions, SpeechPart, SpeechSnapshot, SpeechState } from './speech-types.js';

const SILENT: SpeechSnapshot = { state: 'idle', speaking: null, error: null };

/** Plays the parts of one message in their order. Parts of another message silence it. */
export class SpeechQueue {
  private _player: Player | null = null;
  private _snapshot = SILENT;
  private _listeners = new Set<() => void>();
  private _waiting: SpeechPart[] = [];
  /** The parts that the player has, the one that is heard first. */
  private _playing: Speaking[] = [];
  private _next = 0;
  private _message: string | null = null;
  /** The message is complete, so that a missing part is not waited for. */
  private _isComplete = false;
  private _request: AbortController | null = null;
  private _isBlocked = false;
  private _error: Error | null = null;

  /** Nothing is created before the first sound. */
  constructor(private readonly _options: SpeechOptions | boolean = {}) {}

  /** The message of the last part, if it had one. */
  get messageId(): string | null {
    return this._message;
  }

  getSnapshot = (): SpeechSnapshot => this._snapshot;

  /** Calls the listener after each change, until the returned function is called. */
  subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => void this._listeners.delete(listener);
  };

  /** Adds a part, to be heard after those with lower numbers. One that was added already is ignored. */
  add(part: SpeechPart): void {
    const messageId = part.messageId ?? null;
    if (messageId !== this._message) this._begin(messageId);
    if (part.seq < this._next || this._waiting.some(({ seq }) => seq === part.seq)) return;
    this._waiting.push(part);
    this._waiting.sort((one, other) => one.seq - other.seq);
    this._go();
  }

  /** The message is complete: parts behind one that never came are heard too. */
  finish(messageId: string | null): void {
    if (messageId !== this._message) return;
    this._isComplete = true;
    this._go();
  }

  /** Speaks a text with the audio that `load` returns, in place of all that is heard. Call it in a gesture of the user. */
  async say({ text, messageId }: { text: string; messageId: string | null }, load: (signal: AbortSignal) => Promise<Uint8Array>): Promise<void> {
    this._begin(messageId);
    this.unlock();
    const request = new AbortController();
    this._request = request;
    this._report();
    try {
      const audio = await load(request.signal);
      if (this._request !== request) return;
      this._request = null;
      this.add({ seq: 0, text, audio, messageId });
      this.finish(messageId);
    } catch (error) {
      if (this._request !== request) return;
      this._request = null;
      this._error = error as Error;
      this._report();
      throw error;
    }
  }

  /** Lets the page play sound from now on, and goes on with parts that are blocked. Call it in a gesture, before any `await`. */
  unlock = (): void => {
    quietly(() => this._sound().unlock());
  };

  /** Silence: the part that is heard ends, and those that wait are dropped. */
  stop = (): void => {
    this._begin(null);
    this._report();
  };

  private _begin(message: string | null): void {
    this._request?.abort();
    this._request = null;
    if (this._playing.length > 0) quietly(() => this._player?.stop());
    this._waiting = [];
    this._playing = [];
    this._next = 0;
    this._message = message;
    this._isComplete = false;
    this._isBlocked = false;
    this._error = null;
  }

  /** Gives the player what is due, as far ahead as it takes it, after a part that failed if there is a failure. */
  private _go(failure: Error | null = null): void {
    if (failure) this._error = failure;
    while (this._playing.length < (this._player?.ahead ?? 1)) {
      const part = this._waiting[0];
      if (!part || (part.seq !== this._next && !this._isComplete)) break;
      this._waiting.shift();
      const { seq, text, messageId = null } = part;
      const playing = { seq, text, messageId };
      this._next = seq + 1;
      this._playing.push(playing);
      this._error = failure;
      const ended = (error?: Error) => this._played(playing, error);
      try {
        this._sound().play(bytesOf(part.audio), part.mime ?? 'audio/mpeg', ended);
      } catch (error) {
        ended(new Error(`the audio cannot be played: ${(error as Error).message}`));
      }
    }
    this._report();
  }

  private _played(part: Speaking, error?: Error): void {
    if (!this._playing.includes(part)) return;
    this._playing = this._playing.filter((other) => other !== part);
    this._go(error);
  }

  private _sound(): Player {
    const blocked = (isBlocked: boolean) => {
      this._isBlocked = isBlocked;
      this._report();
    };
    const { output = audioElement } = typeof this._options === 'object' ? this._options : {};
    return (this._player ??= output(blocked));
  }

  private _report(): void {
    const [heard] = this._playing;
    const state: SpeechState = heard ? (this._isBlocked ? 'blocked' : 'playing') : this._request ? 'loading' : 'idle';
    const speaking = state === 'playing' ? heard! : null;
    const snapshot = this._snapshot;
    const error = this._error;
    if (speaking === snapshot.speaking && state === snapshot.state && error === snapshot.error) return;
    this._snapshot = { state, speaking, error };
    for (const listener of [...this._listeners]) listener();
  }
}

/** Calls a player before or after the sound. A page that cannot play chats all the same, and the error shows with the next part. */
function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // As if there were no sound.
  }
}

function bytesOf(audio: Uint8Array | string): Uint8Array<ArrayBuffer> {
  if (typeof audio !== 'string') return new Uint8Array(audio);
  const text = atob(audio);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

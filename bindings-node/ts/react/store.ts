/** The state of a chat with those who listen to it: a growing text is published at most once in a while. */

import { type Action, type ChatState, reduce } from './state.js';
import type { ChatSnapshot } from './types.js';

/** Default for `throttle`, in milliseconds. */
const THROTTLE = 50;

export class Store {
  /** The state, without the text that is not taken yet. */
  protected _state: ChatState;
  private _snapshot: ChatSnapshot;
  private _listeners = new Set<() => void>();
  private _text = '';
  private _timer: ReturnType<typeof setTimeout> | null = null;
  private _publishedAt = -Infinity;

  constructor(state: ChatState) {
    this._state = state;
    this._snapshot = published(state);
  }

  /** The newest published state. */
  getSnapshot = (): ChatSnapshot => this._snapshot;

  /** Calls the listener after each publication, until the returned function is called. */
  subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => void this._listeners.delete(listener);
  };

  /** Changes the state. Nobody learns of it before the next `publish` or `schedule`. */
  protected _act(action: Action): void {
    this._state = reduce(this._state, action);
  }

  /** Adds text to the running turn's reply, in the state with the next publication. */
  protected _grow(text: string): void {
    this._text += text;
  }

  /** Brings the state up to date with the text. */
  protected _take(): void {
    const text = this._text;
    this._text = '';
    if (text) this._act({ type: 'text', text, at: Date.now() });
  }

  /** Publishes the state now. */
  protected _publish(): void {
    if (this._timer !== null) clearTimeout(this._timer);
    this._timer = null;
    this._take();
    const snapshot = this._snapshot;
    const state = this._state;
    if ((Object.keys(snapshot) as (keyof ChatSnapshot)[]).every((key) => snapshot[key] === state[key])) return;
    this._publishedAt = Date.now();
    this._snapshot = published(state);
    for (const listener of [...this._listeners]) call(listener, undefined);
  }

  /** Publishes the state as soon as the last publication is that many milliseconds ago. */
  protected _schedule(throttle = THROTTLE): void {
    if (this._timer !== null) return;
    const wait = this._publishedAt + throttle - Date.now();
    if (wait > 0 && wait <= throttle) this._timer = setTimeout(() => this._publish(), wait);
    else this._publish();
  }
}

function published({ turn, ...snapshot }: ChatState): ChatSnapshot {
  return snapshot;
}

/** Calls a function of the program's. Its exceptions are reported as uncaught, and break no turn. */
export function call<T>(callback: ((value: T) => void) | undefined, value: T): void {
  try {
    callback?.(value);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

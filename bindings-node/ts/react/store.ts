/** The state of a chat with those who listen to it: a growing text is published at most once in a while. */

import { type Action, type ChatState, reduce } from './state.js';
import type { ChatSnapshot } from './types.js';

/** Default for `throttle`, in milliseconds. */
const THROTTLE = 50;

export class Store {
  /** The state, without the text that is not taken yet. */
  protected state: ChatState;
  private snapshot: ChatSnapshot;
  private listeners = new Set<() => void>();
  private text = '';
  private timer: ReturnType<typeof setTimeout> | null = null;
  private publishedAt = -Infinity;

  constructor(state: ChatState) {
    this.state = state;
    this.snapshot = published(state);
  }

  /** The newest published state. */
  getSnapshot = (): ChatSnapshot => this.snapshot;

  /** Calls the listener after each publication, until the returned function is called. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** Changes the state. Nobody learns of it before the next `publish` or `schedule`. */
  protected act(action: Action): void {
    this.state = reduce(this.state, action);
  }

  /** Adds text to the running turn's reply, in the state with the next publication. */
  protected grow(text: string): void {
    this.text += text;
  }

  /** Brings the state up to date with the text. */
  protected take(): void {
    const { text } = this;
    this.text = '';
    if (text) this.act({ type: 'text', text, at: Date.now() });
  }

  /** Publishes the state now. */
  protected publish(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.take();
    const { snapshot, state } = this;
    if ((Object.keys(snapshot) as (keyof ChatSnapshot)[]).every((key) => snapshot[key] === state[key])) return;
    this.publishedAt = Date.now();
    this.snapshot = published(state);
    for (const listener of [...this.listeners]) listener();
  }

  /** Publishes the state as soon as the last publication is that many milliseconds ago. */
  protected schedule(throttle = THROTTLE): void {
    if (this.timer !== null) return;
    const wait = this.publishedAt + throttle - Date.now();
    if (wait > 0 && wait <= throttle) this.timer = setTimeout(() => this.publish(), wait);
    else this.publish();
  }
}

function published({ messages, status, connected, error, workspaceId }: ChatState): ChatSnapshot {
  return { messages, status, connected, error, workspaceId };
}

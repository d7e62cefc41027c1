/** The queue of speech: parts in order, one at a time, until they are played or silenced. */

import { audioElement } from './audio-element.js';
import type { Player } from './player.js';
import type { Speaking, SpeechOptions, SpeechPart, SpeechSnapshot, SpeechState } from './speech-types.js';
import { webAudio } from './web-audio.js';

const SILENT: SpeechSnapshot = { state: 'idle', speaking: null, error: null };

/** Plays the parts of one message in their order. Parts of another message silence it. */
export class SpeechQueue {
  private player: Player | null = null;
  private snapshot = SILENT;
  private listeners = new Set<() => void>();
  private waiting: SpeechPart[] = [];
  /** The parts that the player has, the one that is heard first. */
  private playing: Speaking[] = [];
  private next = 0;
  private message: string | null = null;
  /** The message is complete, so that a missing part is not waited for. */
  private isComplete = false;
  private request: AbortController | null = null;
  private isBlocked = false;
  private error: Error | null = null;

  /** Nothing is created before the first sound. */
  constructor(private readonly options: SpeechOptions | boolean = {}) {}

  /** The message of the last part, if it had one. */
  get messageId(): string | null {
    return this.message;
  }

  getSnapshot = (): SpeechSnapshot => this.snapshot;

  /** Calls the listener after each change, until the returned function is called. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  /** Adds a part, to be heard after those with lower numbers. One that was added already is ignored. */
  add(part: SpeechPart): void {
    const messageId = part.messageId ?? null;
    if (messageId !== this.message) this.begin(messageId);
    if (part.seq < this.next || this.waiting.some(({ seq }) => seq === part.seq)) return;
    this.waiting.push(part);
    this.waiting.sort((one, other) => one.seq - other.seq);
    this.go();
  }

  /** The message is complete: parts behind one that never came are heard too. */
  finish(messageId: string | null): void {
    if (messageId !== this.message) return;
    this.isComplete = true;
    this.go();
  }

  /** Speaks a text with the audio that `load` returns, in place of all that is heard. Call it in a gesture of the user. */
  async say({ text, messageId }: { text: string; messageId: string | null }, load: (signal: AbortSignal) => Promise<Uint8Array>): Promise<void> {
    this.begin(messageId);
    this.unlock();
    const request = new AbortController();
    this.request = request;
    this.report();
    try {
      const audio = await load(request.signal);
      if (this.request !== request) return;
      this.request = null;
      this.add({ seq: 0, text, audio, messageId });
      this.finish(messageId);
    } catch (error) {
      if (this.request !== request) return;
      this.request = null;
      this.error = error as Error;
      this.report();
      throw error;
    }
  }

  /** Lets the page play sound from now on, and goes on with parts that are blocked. Call it in a gesture, before any `await`. */
  unlock = (): void => {
    this.sound().unlock();
  };

  /** Silence: the part that is heard ends, and those that wait are dropped. */
  stop = (): void => {
    this.begin(null);
    this.report();
  };

  private begin(message: string | null): void {
    this.request?.abort();
    this.request = null;
    if (this.playing.length > 0) this.player?.stop();
    this.waiting = [];
    this.playing = [];
    this.next = 0;
    this.message = message;
    this.isComplete = false;
    this.isBlocked = false;
    this.error = null;
  }

  /** Gives the player what is due, as far ahead as it takes it. */
  private go(): void {
    const player = this.sound();
    while (this.playing.length < player.ahead) {
      const part = this.waiting[0];
      if (!part || (part.seq !== this.next && !this.isComplete)) break;
      this.waiting.shift();
      const { seq, text, messageId = null } = part;
      const playing = { seq, text, messageId };
      this.next = seq + 1;
      this.playing.push(playing);
      this.error = null;
      player.play(bytesOf(part.audio), part.mime ?? 'audio/mpeg', (error) => this.played(playing, error));
    }
    this.report();
  }

  private played(part: Speaking, error?: Error): void {
    if (!this.playing.includes(part)) return;
    this.playing = this.playing.filter((other) => other !== part);
    if (error) this.error = error;
    const failure = this.error;
    this.go();
    if (error && this.playing.length > 0) {
      this.error = failure;
      this.report();
    }
  }

  private sound(): Player {
    const blocked = (isBlocked: boolean) => {
      this.isBlocked = isBlocked;
      this.report();
    };
    this.player ??= typeof this.options === 'object' && this.options.output === 'webaudio' ? webAudio(blocked) : audioElement(blocked);
    return this.player;
  }

  private report(): void {
    const [heard] = this.playing;
    const state: SpeechState = heard ? (this.isBlocked ? 'blocked' : 'playing') : this.request ? 'loading' : 'idle';
    const speaking = state === 'playing' ? heard! : null;
    const { snapshot, error } = this;
    if (speaking === snapshot.speaking && state === snapshot.state && error === snapshot.error) return;
    this.snapshot = { state, speaking, error };
    for (const listener of [...this.listeners]) listener();
  }
}

function bytesOf(audio: Uint8Array | string): Uint8Array<ArrayBuffer> {
  if (typeof audio !== 'string') return new Uint8Array(audio);
  const text = atob(audio);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

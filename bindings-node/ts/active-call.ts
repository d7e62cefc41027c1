/** A native call under way. */

import { fromCore, fromThrown } from './core-error.js';
import { APIUserAbortError } from './errors.js';
import type { Call, WebReply } from './native.js';
import { Aborter } from './signal.js';
import { isTurnDue, take, turn, type Take } from './waiting.js';
import type { Answered, HeaderPairs, Taken } from './wire.js';

export class ActiveCall {
  /** Called once, when the call has ended. */
  onEnd: (() => void) | undefined;
  #call: Call;
  /** The response's headers, for errors that come after them. */
  #headers: HeaderPairs | undefined;
  #aborter: Aborter;
  /** A field of its own: the signal's costs more than the rest of a chunk that waits to be taken. */
  #aborted: boolean;

  /** Starts a call that ends when the aborter's controller is aborted. Its owner lives as long as it. */
  constructor(
    start: () => Call,
    aborter = new Aborter(),
    readonly owner?: object,
  ) {
    this.#aborter = aborter;
    try {
      this.#call = start();
    } catch (error) {
      throw fromThrown(error);
    }
    this.#aborted = aborter.aborted;
    const abort = () => {
      this.#aborted = true;
      this.#call.cancel();
    };
    this.controller.signal.addEventListener('abort', abort, { once: true });
  }

  get controller(): AbortController {
    return this.#aborter.controller;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** The answer. A stream's chunks are read ahead from here on, unless `isHeld` returns true: then once somebody reads it. */
  async answer(isHeld: () => boolean = never): Promise<Answered> {
    const answer = await this.#next((waker, id) => this.#call.answer(isHeld(), waker, id));
    const taken = read(answer as string);
    if (Array.isArray(taken) || taken.head === undefined) throw this.#failed(taken);
    this.#headers = taken.head?.headers;
    return taken as Answered;
  }

  /** The answer of a call that ends with a value. */
  async value<T>(): Promise<T> {
    const { text = 'null' } = await this.answer();
    this.over();
    return JSON.parse(text) as T;
  }

  /** The answer of a call that ends with complete bytes. */
  async wholeBytes(): Promise<Uint8Array> {
    const answer = await this.#next((waker, id) => this.#call.answer(false, waker, id));
    if (typeof answer === 'string') throw this.#failed(read(answer));
    this.over();
    return answer;
  }

  /** The reply of a call that answers a request of a page. */
  async reply(): Promise<WebReply> {
    await this.answer();
    const reply = this.#call.reply();
    this.over();
    if (!reply) throw new Error('turnwire: a call without a reply');
    return reply;
  }

  /** Calls back with the next items, `undefined` at the stream's end; at once, if there are any. */
  items<Item>(receive: (items: Item[] | undefined) => void, fail: (error: unknown) => void): void {
    const received = (text: string | Uint8Array) => {
      const taken = read(text as string);
      if (Array.isArray(taken)) return receive(taken);
      if (taken.error) return fail(this.#failed(taken));
      this.over();
      receive(undefined);
    };
    this.#take((waker, id) => this.#call.take(waker, id), received, fail);
  }

  /** The next bytes; `undefined` at the stream's end. */
  async bytes(): Promise<Uint8Array | undefined> {
    this.#call.readBytes();
    return this.piece() as Promise<Uint8Array | undefined>;
  }

  /** The next bytes or items; `undefined` at the stream's end. */
  async piece(): Promise<Uint8Array | unknown[] | undefined> {
    const piece = await this.#next((waker, id) => this.#call.take(waker, id));
    if (typeof piece !== 'string') return piece;
    const taken = read(piece);
    if (Array.isArray(taken)) return taken;
    if (taken.error) throw this.#failed(taken);
    this.over();
    return undefined;
  }

  /** The wait in milliseconds before this failed call is made again; `null` to give up. */
  waitBeforeRetry(retries: number, maxRetries: number, retryTimeouts: boolean): number | null {
    return this.#call.waitBeforeRetry(retries, { maxRetries, retryTimeouts });
  }

  /** Ends the call and closes its connection. */
  close(): void {
    this.controller.abort();
    this.over();
  }

  /** Stops listening to the signal. */
  over(): void {
    this.#aborter.forget();
    this.onEnd?.();
    this.onEnd = undefined;
  }

  #next<T>(from: Take<T>): Promise<T> {
    return new Promise((resolve, reject) => this.#take(from, resolve, reject));
  }

  /** Waits until there is something to take, and takes it. */
  #take<T>(from: Take<T>, receive: (taken: T) => void, fail: (error: unknown) => void): void {
    const attempt = () => {
      if (!this.#aborted) {
        const taken = take(from, attempt);
        if (taken !== null) receive(taken);
      } else {
        this.over();
        fail(new APIUserAbortError());
      }
    };
    // A stream that is always ahead of its reader would occupy the event loop.
    if (isTurnDue()) turn(attempt);
    else attempt();
  }

  #failed(taken: Taken): Error {
    this.over();
    if (Array.isArray(taken) || !taken.error) return new Error('turnwire: a call without an answer');
    return fromCore({ ...taken.error, headers: taken.error.headers ?? this.#headers ?? null }, taken.raised);
  }
}

function never(): boolean {
  return false;
}

function read(text: string): Taken {
  return JSON.parse(text) as Taken;
}

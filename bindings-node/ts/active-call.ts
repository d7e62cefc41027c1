/** A native call under way. */

import { fromCore, fromThrown } from './core-error.js';
import { APIUserAbortError } from './errors.js';
import { native, type Call, type WebReply } from './native.js';
import { Aborter } from './signal.js';
import { Desk, isTurnDue, turn, type Piece, type Take } from './waiting.js';
import type { Answered, HeaderPairs } from './wire.js';

/** Frees the desks of calls that nobody has read to their end. */
const abandoned = new FinalizationRegistry<Desk>((desk) => desk.close());

export class ActiveCall {
  /** Called once, when the call has ended. */
  onEnd: (() => void) | undefined;
  #call: Call;
  /** The response's headers, for errors that come after them. */
  #headers: HeaderPairs | undefined;
  #aborter: Aborter;
  #desk = new Desk();
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
    abandoned.register(this, this.#desk, this.#desk);
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
    const taken = await this.#next((waker, id) => this.#call.answer(isHeld(), waker, id));
    if (taken instanceof Uint8Array || Array.isArray(taken) || taken.head === undefined) throw this.#failed(taken);
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
    if (!(answer instanceof Uint8Array)) throw this.#failed(answer);
    this.over();
    return answer;
  }

  /** The reply of a call that answers a request of a page. */
  async reply(): Promise<WebReply> {
    await this.answer();
    const reply = native.WebReply.of(this.#call);
    this.over();
    if (!reply) throw new Error('turnwire: a call without a reply');
    return reply;
  }

  /** Calls back with the next bytes or items, `undefined` at the stream's end; at once, if there are any. */
  items<Items extends Uint8Array | unknown[]>(receive: (items: Items | undefined) => void, fail: (error: unknown) => void): void {
    const received = (taken: Piece) => {
      if (taken instanceof Uint8Array || Array.isArray(taken)) return receive(taken as Items);
      if (taken.error) return fail(this.#failed(taken));
      this.over();
      receive(undefined);
    };
    this.#take(this.#takeItems, received, fail);
  }

  /** Reads the body as bytes, unless its chunks are being read. */
  readBytes(): void {
    this.#call.readBytes();
  }

  /** The next bytes or items; `undefined` at the stream's end. */
  piece<Items extends Uint8Array | unknown[]>(): Promise<Items | undefined> {
    return new Promise<Items | undefined>((resolve, reject) => this.items<Items>(resolve, reject));
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
    this.#desk.close();
    abandoned.unregister(this.#desk);
    this.onEnd?.();
    this.onEnd = undefined;
  }

  #takeItems: Take = (waker, id) => this.#call.take(waker, id);

  #next(from: Take): Promise<Piece> {
    return new Promise((resolve, reject) => this.#take(from, resolve, reject));
  }

  /** Waits until there is something to take, and takes it. */
  #take(from: Take, receive: (taken: Piece) => void, fail: (error: unknown) => void): void {
    const end = () => {
      this.over();
      fail(new APIUserAbortError());
    };
    const received = (taken: Piece) => (this.#aborted ? end() : receive(taken));
    const attempt = () => (this.#aborted ? end() : this.#desk.take(from, received));
    // A stream that is always ahead of its reader would occupy the event loop.
    if (isTurnDue()) turn(attempt);
    else attempt();
  }

  #failed(taken: Piece): Error {
    this.over();
    if (taken instanceof Uint8Array || Array.isArray(taken) || !taken.error) return new Error('turnwire: a call without an answer');
    return fromCore({ ...taken.error, headers: taken.error.headers ?? this.#headers ?? null }, taken.raised);
  }
}

function never(): boolean {
  return false;
}

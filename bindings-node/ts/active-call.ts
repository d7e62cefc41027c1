/** A native call under way. */

import { fromCore, fromThrown } from './core-error.js';
import { APIUserAbortError } from './errors.js';
import type { Call } from './native.js';
import { Aborter } from './signal.js';
import { isTurnDue, ready, turn } from './waiting.js';
import type { Answered, HeaderPairs, Taken } from './wire.js';

export class ActiveCall {
  /** Called once, when the call has ended. */
  onEnd: (() => void) | undefined;
  #call: Call;
  /** The response's headers, for errors that come after them. */
  #headers: HeaderPairs | undefined;
  #aborter: Aborter;

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
    this.controller.signal.addEventListener('abort', () => this.#call.cancel(), { once: true });
  }

  get controller(): AbortController {
    return this.#aborter.controller;
  }

  get aborted(): boolean {
    return this.#aborter.aborted;
  }

  /** The answer. A stream's chunks are read ahead from here on, unless `isHeld` returns true: then once somebody reads it. */
  async answer(isHeld: () => boolean = never): Promise<Answered> {
    const taken = read(await this.#next(() => this.#call.answer(isHeld())));
    if (Array.isArray(taken) || taken.head === undefined) throw this.#failed(taken);
    this.#headers = taken.head?.headers;
    return taken as Answered;
  }

  /** The next items; `undefined` at the stream's end. */
  async items<Item>(): Promise<Item[] | undefined> {
    const taken = read((await this.#next(() => this.#call.take())) as string);
    return Array.isArray(taken) ? taken : this.#ended(taken);
  }

  /** The next bytes; `undefined` at the stream's end. */
  async bytes(): Promise<Uint8Array | undefined> {
    this.#call.readBytes();
    const taken = await this.#next(() => this.#call.take());
    return typeof taken === 'string' ? this.#ended(read(taken)) : taken;
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

  /** Waits until there is something to take. */
  async #next<T>(take: () => T | null): Promise<T> {
    // A stream that is always ahead of its reader would occupy the event loop.
    if (isTurnDue()) await turn();
    let taken = this.aborted ? null : take();
    while (taken === null && !this.aborted) {
      await ready(this.#call);
      taken = this.aborted ? null : take();
    }
    if (taken !== null && !this.aborted) return taken;
    this.over();
    throw new APIUserAbortError();
  }

  #ended(taken: Taken): undefined {
    if (!Array.isArray(taken) && taken.error) throw this.#failed(taken);
    this.over();
  }

  #failed(taken: Taken): Error {
    this.over();
    if (Array.isArray(taken) || !taken.error) return new Error('turnwire: a call without an answer');
    return fromCore({ ...taken.error, headers: taken.error.headers ?? this.#headers ?? null });
  }
}

function never(): boolean {
  return false;
}

function read(text: string): Taken {
  return JSON.parse(text) as Taken;
}

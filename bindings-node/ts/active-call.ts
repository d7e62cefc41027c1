/** A native call under way, with the signal that may end it. */

import { fromCore, fromThrown } from './core-error.js';
import { APIUserAbortError } from './errors.js';
import type { Call } from './native.js';
import { isTurnDue, ready, turn } from './waiting.js';
import type { Answered, HeaderPairs, Taken } from './wire.js';

export class ActiveCall {
  readonly controller = new AbortController();
  /** Called once, when the call has ended. */
  onEnd: (() => void) | undefined;
  #call: Call;
  /** The response's headers, for errors that come after them. */
  #headers: HeaderPairs | undefined;
  #forget: () => void;

  /** Starts a call, unless the signal was aborted already. */
  constructor(start: () => Call, signal?: AbortSignal | null) {
    if (signal?.aborted) throw new APIUserAbortError();
    try {
      this.#call = start();
    } catch (error) {
      throw fromThrown(error);
    }
    this.controller.signal.addEventListener('abort', () => this.#call.cancel(), { once: true });
    this.#forget = signal ? follow(signal, this.controller, this) : () => {};
  }

  get aborted(): boolean {
    return this.controller.signal.aborted;
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
    this.#forget();
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

const abandoned = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * Aborts the controller with the signal. A signal may live far longer than the call, so it must not keep the controller
 * alive, nor keep its listener once the call is gone.
 */
function follow(signal: AbortSignal, controller: AbortController, call: object): () => void {
  const weak = new WeakRef(controller);
  const abort = () => weak.deref()?.abort(signal.reason);
  const forget = () => {
    signal.removeEventListener('abort', abort);
    abandoned.unregister(abort);
  };
  signal.addEventListener('abort', abort, { once: true });
  abandoned.register(call, forget, abort);
  return forget;
}

/** A call under way, with the signal that may end it. */

import { fromCore, fromThrown } from './core-error.js';
import { APIUserAbortError } from './errors.js';
import type { Call } from './native.js';
import { isTurnDue, ready, turn } from './waiting.js';
import type { Batch, Begun, HeaderPairs, Taken } from './wire.js';

export class Running {
  readonly controller = new AbortController();
  /** Called once, when the call is over. */
  onEnd: (() => void) | undefined;
  #call: Call;
  /** The response's headers, for errors that come after them. */
  #headers: HeaderPairs | undefined;
  #forget: () => void;

  /** Starts a call, unless the signal was aborted already. */
  constructor(start: () => Call, signal: AbortSignal | null | undefined) {
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

  /**
   * The response that has begun; with the body, if it comes whole. A stream's chunks are read from here on, unless it is
   * to be held until somebody asks for them, or for its bytes.
   */
  async begun(isHeld: () => boolean): Promise<Begun> {
    const taken = read(await this.#taken(() => this.#call.take(isHeld())));
    if (Array.isArray(taken) || !taken.head) throw this.#failed(taken);
    this.#headers = taken.head.headers;
    return taken as Begun;
  }

  /** The next chunks; `undefined` at the stream's end. */
  async batch(): Promise<Batch | undefined> {
    const taken = read(await this.#taken(() => this.#call.take()));
    if (Array.isArray(taken)) return taken;
    if (taken.error) throw this.#failed(taken);
    this.over();
    return undefined;
  }

  /** The next bytes of a stream that was held; `undefined` at its end. */
  async bytes(): Promise<Uint8Array | undefined> {
    const taken = await this.#taken(() => this.#call.takeBytes());
    if (typeof taken !== 'string') return taken;
    const ended = read(taken);
    if (!Array.isArray(ended) && ended.error) throw this.#failed(ended);
    this.over();
    return undefined;
  }

  /** How many milliseconds to wait before a call that failed is made again; `null` to give up. */
  waitBeforeRetry(retries: number, maxRetries: number, retryTimeouts: boolean): number | null {
    return this.#call.waitBeforeRetry(retries, { maxRetries, retryTimeouts });
  }

  /** Lets go of the signal. */
  over(): void {
    this.#forget();
    this.onEnd?.();
    this.onEnd = undefined;
  }

  /** Waits until there is something to take. */
  async #taken<T>(take: () => T | null): Promise<T> {
    // A stream that is always ahead of its reader would keep the event loop to itself.
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

  #failed(taken: Taken): Error {
    this.over();
    if (Array.isArray(taken) || !taken.error) return new Error('turnwire: a call without a head');
    return fromCore({ ...taken.error, headers: taken.error.headers ?? this.#headers ?? null });
  }
}

function read(text: string): Taken {
  return JSON.parse(text) as Taken;
}

const abandoned = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * Aborts the controller with the signal. A signal may live far longer than the call, so it must not keep what
 * it aborts, nor keep being listened to when that is gone.
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

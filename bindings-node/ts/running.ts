/** A call under way, with the signal that may end it. */

import { APIUserAbortError, fromCore, fromThrown } from './errors.js';
import type { Call } from './native.js';
import { isTurnDue, ready, turn } from './waiting.js';
import type { Batch, Head, HeaderPairs, Taken } from './wire.js';

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

  /** The head of the response; with the body, if it comes whole. */
  async head(): Promise<Head> {
    const taken = await this.#take();
    if (Array.isArray(taken) || !taken.headers) throw new Error('turnwire: a call without a head');
    this.#headers = taken.headers;
    return taken as Head;
  }

  /** The next chunks; `undefined` at the stream's end. */
  async batch(): Promise<Batch | undefined> {
    const taken = await this.#take();
    if (Array.isArray(taken)) return taken;
    this.over();
    return undefined;
  }

  /** The whole reply, which core put together from the chunks; `undefined` before their end. */
  reply(): unknown {
    const json = this.#call.reply();
    return json === null ? undefined : JSON.parse(json);
  }

  /** Lets go of the signal. */
  over(): void {
    this.#forget();
    this.onEnd?.();
    this.onEnd = undefined;
  }

  async #take(): Promise<Exclude<Taken, { error: object }>> {
    // A stream that is always ahead of its reader would keep the event loop to itself.
    if (isTurnDue()) await turn();
    let text = this.aborted ? '' : this.#call.take();
    while (text === null) {
      await ready(this.#call);
      text = this.aborted ? '' : this.#call.take();
    }
    if (this.aborted) {
      this.over();
      throw new APIUserAbortError();
    }
    const taken = JSON.parse(text) as Taken;
    if (!Array.isArray(taken) && taken.error) {
      this.over();
      throw fromCore({ ...taken.error, headers: taken.error.headers ?? this.#headers ?? null });
    }
    return taken;
  }
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



/** The signals that end calls. */

import { APIUserAbortError, InvalidRequestError } from './errors.js';

/** A controller that is aborted with a signal of the program's, if there is one. */
export class Aborter {
  readonly controller = new AbortController();
  #forget: (() => void) | undefined;

  /** It throws if the signal was aborted already. */
  constructor(signal?: AbortSignal | null) {
    if (signal && typeof signal.addEventListener !== 'function') throw new InvalidRequestError('signal must be an AbortSignal');
    if (signal?.aborted) throw new APIUserAbortError();
    if (signal) this.#forget = follow(signal, this.controller, this);
  }

  get aborted(): boolean {
    return this.controller.signal.aborted;
  }

  /** Stops listening to the signal. */
  forget(): void {
    this.#forget?.();
  }
}

const abandoned = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * Aborts the controller with the signal. A signal may live far longer than the call, so it must not keep the controller
 * alive, nor keep its listener once the holder is gone.
 */
function follow(signal: AbortSignal, controller: AbortController, holder: object): () => void {
  const weak = new WeakRef(controller);
  const abort = () => weak.deref()?.abort(signal.reason);
  const forget = () => {
    followers.delete(abort);
    if (followers.size === 0) leave(signal);
    abandoned.unregister(abort);
  };
  const followers = followersOf(signal);
  followers.add(abort);
  abandoned.register(holder, forget, abort);
  return forget;
}

/** One listener serves all calls of a signal: of more than ten Node warns, and looks for each from the first on. */
const listening = new WeakMap<AbortSignal, [followers: Set<() => void>, listener: () => void]>();

function followersOf(signal: AbortSignal): Set<() => void> {
  const known = listening.get(signal);
  if (known) return known[0];
  const followers = new Set<() => void>();
  const listener = () => {
    listening.delete(signal);
    for (const abort of followers) abort();
  };
  signal.addEventListener('abort', listener, { once: true });
  listening.set(signal, [followers, listener]);
  return followers;
}

function leave(signal: AbortSignal): void {
  const known = listening.get(signal);
  if (!known || known[0].size > 0) return;
  signal.removeEventListener('abort', known[1]);
  listening.delete(signal);
}

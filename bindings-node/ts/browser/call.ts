/** One call of a client: its steps, its end by the program or by a time limit, and its errors. */

import { TurnwireError, type ErrorCode, type ErrorFacts } from '../turnwire-error.js';
import { excerpt } from './json.js';
import type { CallOptions, Tokens } from './types.js';

/** True for codes, and for statuses as codes, after which the same call can succeed later. */
export const passes = (code: unknown) => /^(connect|conflict|rate_|server|garbled|truncated|outbox_full|.+_timeout|40[89]|429|5\d\d)/.test(code as string);

export type Call = ReturnType<typeof openCall>;

export function openCall(name: string, { signal }: CallOptions = {}) {
  const operation = `service.${name}`;
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The error that ended the call. */
  let reason: TurnwireError | undefined;
  let reject: ((reason: unknown) => void) | undefined;

  const error = (code: ErrorCode, what: string, facts?: ErrorFacts & { cause?: unknown }): TurnwireError => {
    const retryable = passes(code);
    let message = `${operation}: ${code}: ${what} (POST ${call._url})${retryable ? '; call again' : ''}`;
    for (const secret of Object.values(call._tokens)) message = message.split(secret).join('***');
    return Object.assign(new TurnwireError(message, { code }), { operation, requestId: requestId(), retryable, partial: call._text || undefined }, facts);
  };
  const requestId = () => call._response?.headers.get('x-request-id') ?? null;
  const cancel = () => end(error('cancelled', 'aborted'));
  /** Leaves the program's signal. */
  const close = () => signal?.removeEventListener('abort', cancel);
  /** Ends the call with this error, and closes its connection. */
  const end = (why: TurnwireError) => {
    reason = why;
    close();
    reject?.(why);
    controller.abort();
  };

  const call = {
    _url: '',
    /** The response to its last request. */
    _response: undefined as Response | undefined,
    /** The tokens of its request, which no error shows. */
    _tokens: {} as Tokens,
    /** The text so far. */
    _text: '',
    _signal: controller.signal,
    _requestId: requestId,
    _cancel: cancel,
    _close: close,
    _error: error,

    /** Waits for a step of the call, unless that ends before. A function of the program, or the network, can fail. */
    _wait: <T>(step: () => T | Promise<T>, code: ErrorCode = 'callback', what = 'an option failed') =>
      new Promise<T>((resolve, fail) => {
        reject = fail;
        if (reason) throw reason;
        const failed = (cause: Error) => fail(error(code, `${what}: ${cause?.message}`, { cause, network: code !== 'callback' }));
        (async () => step())().then(resolve, failed);
      }).finally(() => clearTimeout(timer)),

    /** The whole body of the response. */
    _body() {
      call._limit('total_timeout', 6e5);
      return call._wait(() => (call._response as Response).text(), 'truncated', 'the reply broke off');
    },

    /** Ends the call after some milliseconds, `null` for never, unless its next step is over by then. */
    _limit(code: ErrorCode, ms: number | null) {
      // No timer can be longer.
      if (ms === null || ms >= 2 ** 31) return;
      const due = Date.now() + ms;
      timer = setTimeout(() => {
        // A page that slept still gets what came meanwhile.
        if (Date.now() - due > 1000) call._limit(code, 1000);
        else end(error(code, 'no answer in time', { network: true }));
      }, ms);
    },

    /** The error of a reply of another kind than the one asked for. */
    _unexpected(wanted: string, got: string, code: ErrorCode = 'unexpected_reply', facts?: ErrorFacts) {
      const isPage = /^\s*</.test(got);
      return error(isPage ? 'unexpected_reply' : code, `expected ${wanted}, got ${isPage ? 'an HTML page: ' : ''}${excerpt(got)}; check URL and wire`, facts);
    },
  };
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted) cancel();
  return call;
}

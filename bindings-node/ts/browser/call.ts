/** One call of a client: its steps, its end by the program or by a time limit, and its errors. */

import { TurnwireError, type ErrorCode, type ErrorFacts } from '../turnwire-error.js';
import { excerpt } from './json.js';
import type { CallOptions, Tokens } from './types.js';

/** True for codes, and for statuses as codes, after which the same call can succeed later. */
export const passes = (code: unknown) => /^(connect|conflict|rate|server|garbled|truncated|outbox|.+_timeout|4(0[89]|29)|5..)/.test(code as string);

export type Call = ReturnType<typeof openCall>;

export function openCall(name: string, { signal }: CallOptions = {}) {
  const operation = `service.${name}`;
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The error that ended the call. */
  let reason: TurnwireError | undefined;
  /** Ends the step that it waits for. */
  let reject: (() => void) | undefined;

  /** The error of the call: the one that ended it, if there is one. */
  const error = (code: ErrorCode, what: string, facts?: ErrorFacts & { cause?: unknown }): TurnwireError => {
    const retryable = passes(code);
    let message = `${operation}: ${code}: ${what}${call._url && ` (POST ${call._url})`}${retryable ? '; call again' : ''}`;
    for (const secret of Object.values(call._tokens)) message = message.split(secret).join('***');
    return reason ?? Object.assign(new TurnwireError(message, { code }), { operation, requestId: call._requestId(), retryable, partial: call._text || undefined }, facts);
  };
  const cancel = () => end(error('cancelled', 'aborted'));
  /** Leaves the program's signal. */
  const close = () => signal?.removeEventListener('abort', cancel);
  /** Ends the call with this error, and closes its connection. */
  const end = (why: TurnwireError) => {
    reason = why;
    close();
    reject?.();
    controller.abort();
  };
  const endAfter = (ms: number | null, code: ErrorCode) => {
    // No timer can be longer.
    if (ms === null || ms > 2e9) return;
    const due = Date.now() + ms;
    timer = setTimeout(() => {
      // A page that slept still gets what came meanwhile.
      if (Date.now() - due > 1000) endAfter(1000, code);
      else end(error(code, 'no answer', { network: true }));
    }, ms);
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
    _requestId: () => call._response?.headers.get('x-request-id') ?? null,
    _cancel: cancel,
    _close: close,
    _error: error,

    /**
     * Waits for a step of the call, unless the call ends before: by itself after some milliseconds, `null` for never. A function of the
     * program, or the network, can fail.
     */
    async _wait<T>(step: () => T | Promise<T>, ms: number | null, limit: ErrorCode = 'headers_timeout', code: ErrorCode = 'callback', what = 'option failed'): Promise<T> {
      endAfter(ms, limit);
      try {
        if (reason) throw reason;
        return await Promise.race([new Promise<never>((_, fail) => (reject = fail)), step()]);
      } catch (cause) {
        throw error(code, `${what}: ${(cause as Error)?.message}`, { cause, network: code !== 'callback' });
      } finally {
        clearTimeout(timer);
      }
    },

    /** The whole body of the response. */
    _body() {
      return call._wait(() => (call._response as Response).text(), 6e5, 'total_timeout', 'truncated', 'the reply broke off');
    },

    /** The error of a reply of another kind than the one asked for. */
    _unexpected(wanted: string, got: string, code?: ErrorCode) {
      const isPage = /^\s*</.test(got);
      return error((!isPage && code) || 'unexpected_reply', `expected ${wanted}, got ${isPage ? 'an HTML page: ' : ''}${excerpt(got)}; check URL and wire`);
    },
  };
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted) cancel();
  return call;
}

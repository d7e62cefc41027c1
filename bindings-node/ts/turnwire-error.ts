/** The base of every error, and the core's codes. */

import type { TokenUsage } from './turn-types.js';

/** The core's code of an error: one for each kind, the same in every language. */
export type ErrorCode =
  | 'config'
  | 'invalid_request'
  | 'connect'
  | 'connection'
  | 'connect_timeout'
  | 'headers_timeout'
  | 'idle_timeout'
  | 'content_timeout'
  | 'total_timeout'
  | 'redirect'
  | 'bad_request'
  | 'authentication'
  | 'permission_denied'
  | 'not_found'
  | 'conflict'
  | 'unprocessable'
  | 'rate_limited'
  | 'insufficient_quota'
  | 'server'
  | 'status'
  | 'api'
  | 'decode'
  | 'garbled'
  | 'unexpected_reply'
  | 'too_large'
  | 'truncated'
  | 'cancelled'
  | 'forked'
  | 'callback'
  | 'outbox_full'
  | 'storage'
  | 'file'
  | 'structure';

/** The facts about an error, beyond its class and its message. */
export interface ErrorFacts {
  /** The core's code, on every error. */
  errorCode?: ErrorCode | undefined;
  /** The same; but on an `APIError` the service's own code, as in the `openai` package. */
  code?: string | null | undefined;
  /** The call that failed, such as `chat.stream`. */
  operation?: string | undefined;
  /** The HTTP status of the response that was an error. */
  status?: number | undefined;
  /** The service's id of the request, for its support. */
  requestId?: string | null | undefined;
  /** True if the same call can succeed when it is made again later. */
  retryable?: boolean | undefined;
  /** The wait before the next attempt that the service asked for, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** The number of times the request was sent. */
  attempts?: number | undefined;
  /**
   * In a page: true if no answer came, or it broke off on the way. The page is offline, lost its connection, slept, or may not
   * call the service (CORS); or the service was silent beyond a time limit.
   */
  network?: boolean | undefined;
  /** The text of the reply that was received before it broke. */
  partial?: string | undefined;
  /** The tokens of that reply, as far as the service counted them. */
  usage?: TokenUsage | undefined;
}

export interface TurnwireError extends ErrorFacts {}

/** The base of every error of this package. */
export class TurnwireError extends Error {
  constructor(message?: string, options?: ErrorOptions & { code?: ErrorCode }) {
    super(message, options);
    if (options?.code) this.errorCode = this.code = options.code;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // By its mark, since a page's bundler renames classes. A class that a program derives has none of its own.
    const own = Object.getOwnPropertySymbols(this.prototype).find(Symbol.keyFor);
    return own ? own in Object(value) : super[Symbol.hasInstance](value);
  }

  /** The mark. */
  [Symbol.for('turnwire.TurnwireError')]() {}
}

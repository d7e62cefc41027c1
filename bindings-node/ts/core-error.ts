/** The core's errors, as the classes that programs know. */

import { camelCased } from './camel-case.js';
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  classOf,
  ConfigError,
  ForkedError,
  InvalidRequestError,
  StructureError,
  TruncatedStreamError,
} from './errors.js';
import { CallbackError, FileError, OutboxFullError, StorageError } from './host-errors.js';
import type { TokenUsage } from './turn-types.js';
import { TurnwireError, type ErrorCode } from './turnwire-error.js';
import type { CoreError } from './wire.js';

type Make = (core: CoreError) => TurnwireError;
const plain = (of: new (message: string) => TurnwireError): Make => (core) => new of(core.line);
const connection: Make = (core) => new APIConnectionError({ cause: new Error(core.line) });
const timeout: Make = (core) => new APIConnectionTimeoutError({ cause: new Error(core.line) });
const truncated: Make = (core) => new TruncatedStreamError({ message: core.line });

/**
 * A response whose status is an error; or an error of the same meaning without one, such as a call of a store that has no
 * tokens.
 */
const answered: Make = (core) => {
  const of = classOf(core.status ?? STATUS_OF[core.code] ?? 0);
  const status = core.status ?? undefined;
  const body = parsed(core.body);
  // The form that the `openai` package knows, worded as it does.
  const error = body?.['error'];
  if (error) return lazyHeaders(new of(status, error, undefined, undefined), core);
  // Of any other form core has found the message; a body that is plain text is the message.
  const text = core.api?.message ?? core.body ?? (status ? undefined : core.line);
  const made = new of(status, undefined, text || undefined, undefined);
  if (core.api) {
    const { type, code, param } = core.api;
    Object.assign(made, { error: core.api, type: type ?? undefined, code: code ?? undefined, param: param ?? undefined });
  }
  return lazyHeaders(made, core);
};

/** An error in a stream or in a reply that had begun as a success. */
const reported: Make = (core) =>
  lazyHeaders(new APIError(undefined, core.api ?? undefined, core.line, undefined), core);

/** The status whose class the errors of a code have, where nothing was asked over HTTP. */
const STATUS_OF: Partial<Record<ErrorCode, number>> = { authentication: 401, not_found: 404 };

/** Makes the error of each code. */
export const BY_CODE: Record<ErrorCode, Make> = {
  config: plain(ConfigError),
  invalid_request: plain(InvalidRequestError),
  connect: connection,
  connection,
  connect_timeout: timeout,
  headers_timeout: timeout,
  idle_timeout: timeout,
  content_timeout: timeout,
  total_timeout: timeout,
  redirect: answered,
  bad_request: answered,
  authentication: answered,
  permission_denied: answered,
  not_found: answered,
  conflict: answered,
  unprocessable: answered,
  rate_limited: answered,
  insufficient_quota: answered,
  server: answered,
  status: answered,
  api: reported,
  decode: reported,
  garbled: truncated,
  unexpected_reply: reported,
  too_large: reported,
  truncated,
  cancelled: (core) => new APIUserAbortError({ message: core.line }),
  forked: plain(ForkedError),
  callback: plain(CallbackError),
  outbox_full: plain(OutboxFullError),
  storage: plain(StorageError),
  file: plain(FileError),
  structure: plain(StructureError),
};

/** The error to throw for an error of core's. An exception of the program's that caused it has this number. */
export function fromCore(core: CoreError, raised?: number): TurnwireError {
  const error = BY_CODE[core.code](core);
  if (raised !== undefined && exceptions.has(raised)) error.cause = exceptions.get(raised);
  error.errorCode = core.code;
  error.operation = core.operation;
  error.retryable = core.retryable;
  error.attempts = core.attempts;
  if (core.retry_after !== null) error.retryAfterMs = core.retry_after * 1e3;
  if (core.partial !== null) error.partial = core.partial;
  if (core.usage !== null) error.usage = camelCased(core.usage) as TokenUsage;
  if (error instanceof APIError) {
    // One of the headers if there are any, so that both read alike.
    const id = core.headers?.find(([name]) => name === 'x-request-id')?.[1] ?? core.request_id;
    if (id !== null) Object.assign(error, { requestID: id });
  } else {
    error.code = core.code;
    if (core.status !== null) error.status = core.status;
    if (core.request_id !== null) error.requestId = core.request_id;
  }
  return error;
}

/** The last exceptions of the program's own functions, by number: core's errors name them. */
const exceptions = new Map<number, unknown>();
const MOST_EXCEPTIONS = 64;
let lastException = 0;

/** Keeps an exception for the error that core makes of it, and returns its number. */
export function keepException(exception: unknown): number {
  lastException = (lastException + 1) >>> 0;
  exceptions.set(lastException, exception);
  for (const oldest of exceptions.keys()) {
    if (exceptions.size <= MOST_EXCEPTIONS) break;
    exceptions.delete(oldest);
  }
  return lastException;
}

const THROWN = '{"error":';

/** Reads an error that the native side threw: its message is its JSON. It may be of another realm than this code. */
export function fromThrown(thrown: unknown): unknown {
  const { message, code } = (thrown ?? {}) as { message?: unknown; code?: unknown };
  if (typeof message !== 'string') return thrown;
  // The native side refuses an argument before core sees it.
  if (typeof code === 'string' && /^(InvalidArg|\w+Expected)$/.test(code)) return new InvalidRequestError(`an argument is missing or has a wrong type: ${message}`);
  if (!message.startsWith(THROWN)) return thrown;
  const { error, raised } = JSON.parse(message) as { error: CoreError; raised?: number };
  return fromCore(error, raised);
}

/** `Headers` loads a large part of Node when it is first named: only for those who look. */
function lazyHeaders(error: APIError, core: CoreError): APIError {
  const { headers } = core;
  if (headers) {
    let made: Headers | undefined;
    const get = () => (made ??= new Headers(headers));
    Object.defineProperty(error, 'headers', { get, enumerable: true, configurable: true });
  }
  return error;
}

/** The body, if it is JSON. */
function parsed(body: string | null): Record<string, any> | undefined {
  try {
    return body === null ? undefined : (JSON.parse(body) ?? undefined);
  } catch {
    return undefined;
  }
}

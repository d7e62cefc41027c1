/** The errors, as classes of the names and fields that programs for the `openai` package know. */

import type { HeaderPairs } from './wire.js';

/** What an error tells beyond what the class says. */
export interface ErrorFacts {
  /** The stable code of what went wrong, the same in every language. */
  errorCode?: string;
  /** Whether the same call made again later can succeed. */
  retryable?: boolean;
  /** How long the service asked to wait before the next attempt. */
  retryAfterMs?: number;
  /** How often the request was sent. */
  attempts?: number;
  /** The text of the reply that was received before it broke. */
  partial?: string;
}

/** Marks errors by name, so that `instanceof` holds between two copies of this package. */
const brand = (name: string): symbol => Symbol.for(`turnwire.${name}`);

/** The base of every error of this package. */
export class OpenAIError extends Error implements ErrorFacts {
  declare errorCode?: string;
  declare retryable?: boolean;
  declare retryAfterMs?: number;
  declare attempts?: number;
  declare partial?: string;

  static override [Symbol.hasInstance](value: unknown): boolean {
    const mark = brand(this.name);
    // A class that a program derives has no mark of its own.
    if (!Object.hasOwn(this.prototype as object, mark)) {
      return Function.prototype[Symbol.hasInstance].call(this, value);
    }
    return typeof value === 'object' && value !== null && mark in value;
  }
}

/** A call that failed: the service said no, or could not be asked. */
export class APIError<
  TStatus extends number | undefined = number | undefined,
  THeaders extends Headers | undefined = Headers | undefined,
  TError extends object | undefined = object | undefined,
> extends OpenAIError {
  /** HTTP status for the response that caused the error */
  readonly status: TStatus;
  /** HTTP headers for the response that caused the error */
  declare readonly headers: THeaders;
  /** The service's error object */
  readonly error: TError;

  readonly code: string | null | undefined;
  readonly param: string | null | undefined;
  readonly type: string | undefined;
  readonly requestID: string | null | undefined;

  constructor(status: TStatus, error: TError, message: string | undefined, headers: THeaders) {
    super(describe(status, error, message));
    this.status = status;
    this.headers = headers;
    this.requestID = headers?.get('x-request-id');
    this.error = error;
    const told = error as Record<string, any> | undefined;
    this.code = told?.['code'];
    this.param = told?.['param'];
    this.type = told?.['type'];
  }

  /** The service's id of the request, for its support. */
  get requestId(): string | null | undefined {
    return this.requestID;
  }
}

function describe(status?: number, error?: object, message?: string): string {
  const said = (error as { message?: unknown } | undefined)?.message;
  const text = said ? (typeof said === 'string' ? said : JSON.stringify(said)) : error ? JSON.stringify(error) : message;
  if (status && text) return `${status} ${text}`;
  if (status) return `${status} status code (no body)`;
  return text || '(no status code or body)';
}

export class APIUserAbortError extends APIError<undefined, undefined, undefined> {
  constructor({ message }: { message?: string } = {}) {
    super(undefined, undefined, message || 'Request was aborted.', undefined);
  }
}

export class APIConnectionError extends APIError<undefined, undefined, undefined> {
  constructor({ message, cause }: { message?: string | undefined; cause?: Error | undefined }) {
    super(undefined, undefined, message || 'Connection error.', undefined);
    if (cause) this.cause = cause;
  }
}

export class APIConnectionTimeoutError extends APIConnectionError {
  constructor({ message, cause }: { message?: string; cause?: Error } = {}) {
    super({ message: message ?? 'Request timed out.', cause });
  }
}

/** The stream ended before the reply did; what came is in `partial`. */
export class TruncatedStreamError extends APIConnectionError {}

export class BadRequestError extends APIError<400, Headers> {}
export class AuthenticationError extends APIError<401, Headers> {}
export class PermissionDeniedError extends APIError<403, Headers> {}
export class NotFoundError extends APIError<404, Headers> {}
export class ConflictError extends APIError<409, Headers> {}
export class UnprocessableEntityError extends APIError<422, Headers> {}
export class RateLimitError extends APIError<429, Headers> {}
export class InternalServerError extends APIError<number, Headers> {}

export class LengthFinishReasonError extends OpenAIError {
  constructor() {
    super('Could not parse response content as the length limit was reached');
  }
}

export class ContentFilterFinishReasonError extends OpenAIError {
  constructor() {
    super('Could not parse response content as the request was rejected by the content filter');
  }
}

const classes = {
  OpenAIError,
  APIError,
  APIUserAbortError,
  APIConnectionError,
  APIConnectionTimeoutError,
  TruncatedStreamError,
  BadRequestError,
  AuthenticationError,
  PermissionDeniedError,
  NotFoundError,
  ConflictError,
  UnprocessableEntityError,
  RateLimitError,
  InternalServerError,
  LengthFinishReasonError,
  ContentFilterFinishReasonError,
};
for (const [name, of] of Object.entries(classes)) {
  Object.defineProperty(of.prototype, brand(name), { value: true });
}

/** An error as core tells it. */
export interface CoreError {
  code: string;
  line: string;
  message: string;
  status: number | null;
  headers: HeaderPairs | null;
  requestId: string | null;
  retryable: boolean;
  retryAfterMs: number | null;
  attempts: number;
  partial: string | null;
  api: { message: string; type: string | null; code: string | null; param: string | null } | null;
  body: string | null;
}

type StatusError = new (status: any, error: any, message: any, headers: any) => APIError;
type Make = (core: CoreError) => OpenAIError;

const setting: Make = (core) => new OpenAIError(core.line);
const connection: Make = (core) => new APIConnectionError({ cause: new Error(core.line) });
const timeout: Make = (core) => new APIConnectionTimeoutError({ cause: new Error(core.line) });
const answered =
  (of: StatusError): Make =>
  (core) => {
    const body = parsed(core.body);
    // Without JSON the body itself is the message; without a body, what core says.
    const text = body === undefined ? (core.body ?? (core.status ? undefined : core.line)) : undefined;
    const error = new of(core.status ?? undefined, body?.['error'], text, undefined);
    return lazyHeaders(error, core);
  };
/** An error in a stream or in a reply that had begun as a success. */
const reported: Make = (core) =>
  lazyHeaders(new APIError(undefined, core.api ?? undefined, core.line, undefined), core);

/** The class for each of core's codes. */
export const BY_CODE: Record<string, Make> = {
  config: setting,
  invalid_request: setting,
  connect: connection,
  connection,
  connect_timeout: timeout,
  headers_timeout: timeout,
  idle_timeout: timeout,
  content_timeout: timeout,
  total_timeout: timeout,
  redirect: answered(APIError),
  bad_request: answered(BadRequestError),
  authentication: answered(AuthenticationError),
  permission_denied: answered(PermissionDeniedError),
  not_found: answered(NotFoundError),
  conflict: answered(ConflictError),
  unprocessable: answered(UnprocessableEntityError),
  rate_limited: answered(RateLimitError),
  insufficient_quota: answered(RateLimitError),
  server: answered(InternalServerError),
  status: answered(APIError),
  api: reported,
  decode: reported,
  unexpected_reply: reported,
  too_large: reported,
  truncated: (core) => new TruncatedStreamError({ message: core.line }),
  cancelled: () => new APIUserAbortError(),
  forked: setting,
  outbox_full: setting,
  storage: setting,
  file: setting,
  structure: setting,
};

/** The error to throw for an error of core's. */
export function fromCore(core: CoreError): OpenAIError {
  const error = (BY_CODE[core.code] ?? reported)(core);
  error.errorCode = core.code;
  error.retryable = core.retryable;
  error.attempts = core.attempts;
  if (core.retryAfterMs !== null) error.retryAfterMs = core.retryAfterMs;
  if (core.partial !== null) error.partial = core.partial;
  if (core.requestId !== null && error instanceof APIError) {
    Object.assign(error, { requestID: core.requestId });
  }
  return error;
}

/** Reads an error that the native side threw: its message is its JSON. */
export function fromThrown(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !thrown.message.startsWith('{"error":')) return thrown;
  return fromCore((JSON.parse(thrown.message) as { error: CoreError }).error);
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

function parsed(body: string | null): Record<string, any> | undefined {
  try {
    return body === null ? undefined : (JSON.parse(body) ?? undefined);
  } catch {
    return undefined;
  }
}

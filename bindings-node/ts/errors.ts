/** The error classes of the `openai` package, with its names and fields. */

import { branded } from './host-errors.js';
import { TurnwireError } from './turnwire-error.js';

/** The base of the errors of the `openai` package. */
export class OpenAIError extends TurnwireError {}

/** An option or the environment is not usable; nothing was sent. */
export class ConfigError extends OpenAIError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'config' });
  }
}

/** The request cannot be sent as it is; nothing was sent. */
export class InvalidRequestError extends OpenAIError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'invalid_request' });
  }
}

/** The call belongs to the process that this one was forked from. */
export class ForkedError extends OpenAIError {}

/** A structured reply does not have the structure asked for. */
export class StructureError extends OpenAIError {}

/** A call that failed: the service said no, or could not be asked. */
export class APIError<
  TStatus extends number | undefined = number | undefined,
  THeaders extends Headers | undefined = Headers | undefined,
  TError extends object | undefined = object | undefined,
> extends OpenAIError {
  /** HTTP status for the response that caused the error */
  override readonly status: TStatus;
  /** HTTP headers for the response that caused the error */
  declare readonly headers: THeaders;
  /** The service's error object */
  readonly error: TError;

  /** The service's code: a word, or the number that it sent. */
  override readonly code: string | null | undefined;
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

  /** The error of the class that the status names. */
  static generate(
    status: number | undefined,
    errorResponse: object | undefined,
    message: string | undefined,
    headers: Headers | undefined,
  ): APIError {
    if (!status || !headers) return new APIConnectionError({ message, cause: asError(errorResponse) });
    const error = (errorResponse as Record<string, any> | undefined)?.['error'];
    return new (classOf(status))(status, error, message, headers);
  }

  /** The service's id of the request, for its support. */
  override get requestId(): string | null | undefined {
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
    this.errorCode = 'cancelled';
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

type StatusError = new (status: any, error: any, message: any, headers: any) => APIError;

const BY_STATUS = new Map<number, StatusError>([
  [400, BadRequestError],
  [401, AuthenticationError],
  [403, PermissionDeniedError],
  [404, NotFoundError],
  [409, ConflictError],
  [422, UnprocessableEntityError],
  [429, RateLimitError],
]);

/** The class of a status that is an error. */
export function classOf(status: number): StatusError {
  return BY_STATUS.get(status) ?? (status >= 500 ? InternalServerError : APIError);
}

/** True for an error of this realm or another: `instanceof` holds in its own alone. */
export function isError(value: unknown): value is Error {
  return Object.prototype.toString.call(value) === '[object Error]' || value instanceof Error;
}

function asError(value: unknown): Error | undefined {
  if (value === undefined || isError(value)) return value;
  return new Error(typeof value === 'string' ? value : JSON.stringify(value));
}

branded({
  OpenAIError,
  ConfigError,
  InvalidRequestError,
  ForkedError,
  StructureError,
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
});

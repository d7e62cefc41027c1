/** The same for `import`: one copy of everything, whichever way it is loaded. */

export {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIPromise,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  ChatCompletionStream,
  ConflictError,
  ContentFilterFinishReasonError,
  InternalServerError,
  LengthFinishReasonError,
  NotFoundError,
  OpenAI,
  OpenAI as default,
  OpenAIError,
  PagePromise,
  PermissionDeniedError,
  RateLimitError,
  Stream,
  TruncatedStreamError,
  UnprocessableEntityError,
} from './index.js';
export type * from './index.js';

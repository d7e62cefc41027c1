/** The types for `import`; its code is made by the build. */

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

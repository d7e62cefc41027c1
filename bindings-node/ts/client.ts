/** The client. */

import { Completions } from './completions.js';
import { Connection } from './connection.js';
import * as errors from './errors.js';
import { Models } from './models.js';
import type { ClientOptions } from './options.js';

/** A client of OpenAI, or of any service that speaks its chat completions. */
export class OpenAI {
  static readonly OpenAI = this;
  static readonly OpenAIError = errors.OpenAIError;
  static readonly APIError = errors.APIError;
  static readonly APIConnectionError = errors.APIConnectionError;
  static readonly APIConnectionTimeoutError = errors.APIConnectionTimeoutError;
  static readonly APIUserAbortError = errors.APIUserAbortError;
  static readonly TruncatedStreamError = errors.TruncatedStreamError;
  static readonly BadRequestError = errors.BadRequestError;
  static readonly AuthenticationError = errors.AuthenticationError;
  static readonly PermissionDeniedError = errors.PermissionDeniedError;
  static readonly NotFoundError = errors.NotFoundError;
  static readonly ConflictError = errors.ConflictError;
  static readonly UnprocessableEntityError = errors.UnprocessableEntityError;
  static readonly RateLimitError = errors.RateLimitError;
  static readonly InternalServerError = errors.InternalServerError;

  readonly chat: { readonly completions: Completions };
  readonly models: Models;
  readonly #options: ClientOptions;

  /** Nothing is sent yet. It throws an `OpenAIError` when a setting is not usable. */
  constructor(options: ClientOptions = {}) {
    this.#options = { ...options };
    const connection = new Connection(options);
    this.chat = { completions: new Completions(connection) };
    this.models = new Models(connection);
  }

  /** A client with the same settings but for these. */
  withOptions(options: ClientOptions): OpenAI {
    return new OpenAI({ ...this.#options, ...options });
  }
}

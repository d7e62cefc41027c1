/** The client. */

import { Completions } from './completions.js';
import { Connection } from './connection.js';
import { Models } from './models.js';
import type { ClientOptions } from './options.js';

/** A client of OpenAI, or of any service that speaks its chat completions. */
export class OpenAI {
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

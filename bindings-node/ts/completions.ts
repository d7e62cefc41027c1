/** `client.chat.completions`. */

import { UNSUPPORTED_OF_COMPLETIONS, markUnsupported } from './unsupported.js';
import { ChatCompletionStream } from './completion-stream.js';
import type { Connection } from './connection.js';
import type { RequestOptions } from './options.js';
import { checkTools, parseCompletion } from './parse.js';
import type { APIPromise } from './promise.js';
import type { Stream } from './stream.js';
import { callTrace } from './telemetry.js';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsBase,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionStreamParams,
  ParsedChatCompletion,
} from './types.js';

export class Completions {
  #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Requests a reply: whole, or with `stream: true` as chunks while it is generated. */
  create(
    body: ChatCompletionCreateParamsNonStreaming,
    options?: RequestOptions,
  ): APIPromise<ChatCompletion>;
  create(
    body: ChatCompletionCreateParamsStreaming,
    options?: RequestOptions,
  ): APIPromise<Stream<ChatCompletionChunk>>;
  create(
    body: ChatCompletionCreateParamsBase,
    options?: RequestOptions,
  ): APIPromise<Stream<ChatCompletionChunk> | ChatCompletion>;
  create(
    body: ChatCompletionCreateParams | ChatCompletionCreateParamsBase,
    options?: RequestOptions,
  ): APIPromise<ChatCompletion> | APIPromise<Stream<ChatCompletionChunk>> {
    if (body.stream) return this.#connection.stream(body, options);
    return this.#connection.whole(
      (client, given) => client.chat(JSON.stringify(body), given, callTrace(body.model)),
      options,
      (completion) => completion as ChatCompletion,
    );
  }

  /**
   * Requests a whole reply, and parses its content as the JSON of `response_format`, and the arguments of its tool calls.
   * Its tools must be strict function tools or custom tools.
   */
  parse<Parsed = unknown>(
    body: ChatCompletionCreateParamsNonStreaming,
    options?: RequestOptions,
  ): APIPromise<ParsedChatCompletion<Parsed>> {
    checkTools(body);
    return this.#connection.whole(
      (client, given) => client.chat(JSON.stringify(body), given, callTrace(body.model)),
      options,
      (completion) => parseCompletion<Parsed>(completion as ChatCompletion, body),
    );
  }

  /** Requests a streamed reply that emits events. */
  stream<Parsed = unknown>(
    body: ChatCompletionStreamParams,
    options?: RequestOptions,
  ): ChatCompletionStream<Parsed> {
    const open = (controller: AbortController) =>
      this.#connection.openStream(body, { ...options, signal: controller.signal });
    return new ChatCompletionStream<Parsed>(open, body, options?.signal);
  }
}

markUnsupported(Completions, 'client.chat.completions', UNSUPPORTED_OF_COMPLETIONS);

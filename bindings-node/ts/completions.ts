/** `client.chat.completions`. */

import { ABSENT_OF_COMPLETIONS, lacks } from './absent.js';
import { ChatCompletionStream } from './completion-stream.js';
import type { Connection } from './connection.js';
import type { RequestOptions } from './options.js';
import { checkTools, parseCompletion } from './parse.js';
import type { APIPromise } from './promise.js';
import type { Stream } from './stream.js';
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

  /** Asks for a reply: whole, or with `stream: true` to be read while it is made. */
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
      (client, given) => client.chat(JSON.stringify(body), given),
      options,
      (completion) => completion as ChatCompletion,
    );
  }

  /**
   * Asks for a whole reply, and reads its content as the JSON that `response_format` asks for, and the arguments of its
   * tool calls, which must be of strict tools or custom ones.
   */
  parse<Parsed = unknown>(
    body: ChatCompletionCreateParamsNonStreaming,
    options?: RequestOptions,
  ): APIPromise<ParsedChatCompletion<Parsed>> {
    checkTools(body);
    return this.#connection.whole(
      (client, given) => client.chat(JSON.stringify(body), given),
      options,
      (completion) => parseCompletion<Parsed>(completion as ChatCompletion, body),
    );
  }

  /** Asks for a streamed reply, and tells of it by events. */
  stream<Parsed = unknown>(
    body: ChatCompletionStreamParams,
    options?: RequestOptions,
  ): ChatCompletionStream<Parsed> {
    const open = (controller: AbortController) =>
      this.#connection.openStream(body, { ...options, signal: controller.signal });
    return new ChatCompletionStream<Parsed>(open, body, options?.signal);
  }
}

lacks(Completions, 'client.chat.completions', ABSENT_OF_COMPLETIONS);

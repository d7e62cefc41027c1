/** A streamed reply that tells of itself by events: what `client.chat.completions.stream()` gives. */

import type { Connection } from './connection.js';
import { APIUserAbortError, OpenAIError } from './errors.js';
import { EventStream, type BaseEvents } from './event-stream.js';
import type { RequestOptions } from './options.js';
import { ownReader, parseCompletion } from './parse.js';
import { Stream } from './stream.js';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionStreamParams,
  CompletionUsage,
  ParsedChatCompletion,
  ParsedChatCompletionMessage,
} from './types.js';

export interface ChatCompletionStreamEvents<Parsed = unknown> extends BaseEvents {
  chunk: (chunk: ChatCompletionChunk) => void;
  /** More text of a reply, and its text so far. */
  content: (delta: string, snapshot: string) => void;
  'content.delta': (event: { delta: string; snapshot: string }) => void;
  'content.done': (event: { content: string; parsed: Parsed | null }) => void;
  'refusal.delta': (event: { delta: string; snapshot: string }) => void;
  'refusal.done': (event: { refusal: string }) => void;
  /** A tool call, when the stream has ended. */
  'tool_calls.function.arguments.done': (event: { name: string; index: number; arguments: string }) => void;
  message: (message: ParsedChatCompletionMessage<Parsed>) => void;
  chatCompletion: (completion: ParsedChatCompletion<Parsed>) => void;
  finalChatCompletion: (completion: ParsedChatCompletion<Parsed>) => void;
  finalMessage: (message: ParsedChatCompletionMessage<Parsed>) => void;
  finalContent: (content: string) => void;
  totalUsage: (usage: CompletionUsage) => void;
}

export class ChatCompletionStream<Parsed = unknown>
  extends EventStream<ChatCompletionStreamEvents<Parsed>>
  implements AsyncIterable<ChatCompletionChunk>
{
  #completion: ParsedChatCompletion<Parsed> | undefined;

  constructor(connection: Connection, body: ChatCompletionStreamParams, options?: RequestOptions) {
    super();
    this.run(() => this.#read(connection, body, options));
  }

  /** The whole reply. */
  async finalChatCompletion(): Promise<ParsedChatCompletion<Parsed>> {
    await this.done();
    if (!this.#completion) throw new OpenAIError('stream ended without producing a ChatCompletion');
    return this.#completion;
  }

  /** The first reply's message. */
  async finalMessage(): Promise<ParsedChatCompletionMessage<Parsed>> {
    const message = (await this.finalChatCompletion()).choices[0]?.message;
    if (message) return message;
    throw new OpenAIError('stream ended without producing a ChatCompletionMessage with role=assistant');
  }

  /** The first reply's text. */
  async finalContent(): Promise<string | null> {
    return (await this.finalMessage()).content;
  }

  /** The tokens that the reply took; zero where the service was not asked for them. */
  async totalUsage(): Promise<CompletionUsage> {
    const { usage } = await this.finalChatCompletion();
    return usage ?? { completion_tokens: 0, prompt_tokens: 0, total_tokens: 0 };
  }

  /** The chunks as they come; leaving the loop early aborts the stream. */
  [Symbol.asyncIterator](): AsyncIterator<ChatCompletionChunk> {
    const chunks: ChatCompletionChunk[] = [];
    type Reader = { resolve: (result: IteratorResult<ChatCompletionChunk>) => void; reject: (error: unknown) => void };
    const readers: Reader[] = [];
    let failure: unknown;
    this.on('chunk', (chunk) => {
      const reader = readers.shift();
      if (reader) reader.resolve({ value: chunk, done: false });
      else chunks.push(chunk);
    });
    const finish = () => {
      for (const reader of readers.splice(0)) {
        if (failure) reader.reject(failure);
        else reader.resolve({ value: undefined, done: true });
        failure = undefined;
      }
    };
    const fail = (error: unknown) => {
      failure = error;
    };
    this.on('error', fail).on('abort', fail).on('end', finish);
    return {
      next: () => {
        const chunk = chunks.shift();
        if (chunk) return Promise.resolve({ value: chunk, done: false });
        return new Promise((resolve, reject) => {
          readers.push({ resolve, reject });
          if (this.ended) finish();
        });
      },
      return: () => {
        this.abort();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  /** The chunks as JSON, one a line: for a response to a browser, say. */
  toReadableStream(): ReadableStream<Uint8Array> {
    return new Stream(() => this[Symbol.asyncIterator](), this.controller).toReadableStream();
  }

  async #read(
    connection: Connection,
    body: ChatCompletionStreamParams,
    options: RequestOptions | undefined,
  ): Promise<void> {
    const { signal } = options ?? {};
    const abort = () => this.controller.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const own = { ...options, signal: this.controller.signal };
      const { stream, running } = await connection.openStream(body, own);
      this.emit('connect');
      const told = new Told();
      for await (const chunk of stream) {
        this.emit('chunk', chunk);
        this.#tell(chunk, told);
      }
      if (this.controller.signal.aborted) throw new APIUserAbortError();
      this.#finish(running.reply() as ChatCompletion, body);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #tell(chunk: ChatCompletionChunk, told: Told): void {
    for (const { index, delta } of chunk.choices ?? []) {
      if (delta?.content) {
        const snapshot = told.add('content', index, delta.content);
        this.emit('content', delta.content, snapshot);
        this.emit('content.delta', { delta: delta.content, snapshot });
      }
      if (delta?.refusal) {
        const snapshot = told.add('refusal', index, delta.refusal);
        this.emit('refusal.delta', { delta: delta.refusal, snapshot });
      }
    }
  }

  #finish(reply: ChatCompletion, body: ChatCompletionStreamParams): void {
    // As in the package that this takes the place of: a stream's content is read only by a format's own reader.
    const asked = ownReader(body.response_format) ? body : {};
    const completion = parseCompletion<Parsed>(asCompletion(reply), asked);
    this.#completion = completion;
    for (const { message } of completion.choices) {
      if (message.content) this.emit('content.done', { content: message.content, parsed: message.parsed });
      if (message.refusal) this.emit('refusal.done', { refusal: message.refusal });
      for (const [index, call] of (message.tool_calls ?? []).entries()) {
        if (call.type === 'function') this.emit('tool_calls.function.arguments.done', { ...call.function, index });
      }
    }
    this.emit('chatCompletion', completion);
    const message = completion.choices[0]?.message;
    if (message) this.emit('message', message);
    this.emit('finalChatCompletion', completion);
    if (message) this.emit('finalMessage', message);
    if (message?.content) this.emit('finalContent', message.content);
    if (completion.usage) this.emit('totalUsage', completion.usage);
  }
}

/** The texts so far, which `content` and `refusal` events show beside what is new. */
class Told {
  #texts = new Map<string, string>();

  add(kind: string, index: number, delta: string): string {
    const text = (this.#texts.get(`${kind}${index}`) ?? '') + delta;
    this.#texts.set(`${kind}${index}`, text);
    return text;
  }
}

/** Core's reply in the words of a whole one: what a service always sends there is not in it when it is nothing. */
function asCompletion(reply: ChatCompletion): ChatCompletion {
  const choices = reply.choices.map(({ message, ...choice }) => ({
    ...choice,
    logprobs: choice.logprobs ?? null,
    message: { ...message, content: message.content ?? null, refusal: message.refusal ?? null },
  }));
  return { ...reply, object: 'chat.completion', choices };
}

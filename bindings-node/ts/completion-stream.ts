/** A streamed reply that emits events: the result of `client.chat.completions.stream()`. */

import { APIUserAbortError, OpenAIError } from './errors.js';
import { EventStream, type BaseEvents } from './event-stream.js';
import { parseCompletion, type Requested } from './parse.js';
import { Progress, type ProgressEvents } from './progress.js';
import { Queue } from './queue.js';
import { completed, type ChatCompletionSnapshot } from './snapshot.js';
import { Stream } from './stream.js';
import type {
  ChatCompletionChunk,
  ChatCompletionMessageParam,
  CompletionUsage,
  FunctionCall,
  ParsedChatCompletion,
  ParsedChatCompletionMessage,
} from './types.js';

export interface ChatCompletionStreamEvents<Parsed = unknown> extends BaseEvents, ProgressEvents<Parsed> {
  chatCompletion: (completion: ParsedChatCompletion<Parsed>) => void;
  message: (message: ParsedChatCompletionMessage<Parsed>) => void;
  functionToolCall: (call: FunctionCall) => void;
  finalChatCompletion: (completion: ParsedChatCompletion<Parsed>) => void;
  finalMessage: (message: ParsedChatCompletionMessage<Parsed>) => void;
  finalContent: (content: string) => void;
  finalFunctionToolCall: (call: FunctionCall) => void;
  totalUsage: (usage: CompletionUsage) => void;
}

/** Opens a stream that ends when the controller is aborted. */
type Open = (controller: AbortController) => Promise<AsyncIterable<ChatCompletionChunk>>;

export class ChatCompletionStream<Parsed = unknown>
  extends EventStream<ChatCompletionStreamEvents<Parsed>>
  implements AsyncIterable<ChatCompletionChunk>
{
  /** The messages of the request, and at the end the reply's. */
  readonly messages: (ChatCompletionMessageParam | ParsedChatCompletionMessage<Parsed>)[];
  #progress: Progress<Parsed>;
  #completion: ParsedChatCompletion<Parsed> | undefined;

  /** A stream from the output of `toReadableStream()`, possibly of another process. */
  static fromReadableStream(this: typeof ChatCompletionStream<null>, readable: ReadableStream<Uint8Array>): ChatCompletionStream<null> {
    const open = (controller: AbortController) => {
      return Promise.resolve(Stream.fromReadableStream<ChatCompletionChunk>(readable, controller));
    };
    return new this(open, { messages: [] });
  }

  /** Opens the stream once the caller has had a chance to add listeners. */
  constructor(
    open: Open,
    requested: Requested & { messages: ChatCompletionMessageParam[] },
    signal?: AbortSignal | null,
  ) {
    super();
    this.messages = [...(requested.messages ?? [])];
    this.#progress = new Progress(requested, (name, ...args) => this.emit(name, ...(args as never)));
    this.run(() => this.#read(open, requested, signal));
  }

  /** The reply as far as it has come. */
  get currentChatCompletionSnapshot(): ChatCompletionSnapshot | undefined {
    return this.#completion ? undefined : this.#progress.snapshot;
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

  /** The last function that the first reply calls. */
  async finalFunctionToolCall(): Promise<FunctionCall | undefined> {
    return calls((await this.finalChatCompletion()).choices[0]?.message).at(-1);
  }

  /** The tokens that the reply used; zero if the service was not requested for them. */
  async totalUsage(): Promise<CompletionUsage> {
    return total((await this.finalChatCompletion()).usage);
  }

  /** The whole replies so far: one, or none before the end. */
  allChatCompletions(): ParsedChatCompletion<Parsed>[] {
    return this.#completion ? [this.#completion] : [];
  }

  /** The chunks as they come; leaving the loop early aborts the stream. */
  [Symbol.asyncIterator](): AsyncIterator<ChatCompletionChunk> {
    const chunks = new Queue<ChatCompletionChunk>();
    type Reader = { resolve: (result: IteratorResult<ChatCompletionChunk>) => void; reject: (error: unknown) => void };
    const readers = new Queue<Reader>();
    let failure: unknown;
    this.on('chunk', (chunk) => {
      const reader = readers.shift();
      if (reader) reader.resolve({ value: chunk, done: false });
      else chunks.push(chunk);
    });
    const finish = () => {
      for (let reader = readers.shift(); reader; reader = readers.shift()) {
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

  /** The chunks as JSON, one a line: for example the response to a browser. */
  toReadableStream(): ReadableStream<Uint8Array> {
    return new Stream(() => this[Symbol.asyncIterator](), this.controller).toReadableStream();
  }

  async #read(
    open: Open,
    requested: Requested,
    signal: AbortSignal | null | undefined,
  ): Promise<void> {
    const abort = () => this.controller.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const chunks = await open(this.controller);
      this.emit('connect');
      for await (const chunk of chunks) this.#progress.add(chunk);
      if (this.controller.signal.aborted) throw new APIUserAbortError();
      this.#finish(requested);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #finish(requested: Requested): void {
    const { snapshot } = this.#progress;
    if (!snapshot) throw new OpenAIError('the stream ended without a chunk');
    const completion = parseCompletion<Parsed>(completed(snapshot), requested);
    this.#completion = completion;
    const message = completion.choices[0]?.message;
    this.emit('chatCompletion', completion);
    if (message) {
      this.messages.push(message);
      this.emit('message', message);
      for (const call of calls(message)) this.emit('functionToolCall', call);
    }
    this.emit('finalChatCompletion', completion);
    if (message) this.emit('finalMessage', message);
    if (message?.content) this.emit('finalContent', message.content);
    const last = calls(message).at(-1);
    if (last) this.emit('finalFunctionToolCall', last);
    if (completion.usage) this.emit('totalUsage', total(completion.usage));
  }
}

function total(usage: CompletionUsage | null | undefined): CompletionUsage {
  return { completion_tokens: 0, prompt_tokens: 0, total_tokens: 0, ...usage };
}

function calls(message: ParsedChatCompletionMessage<unknown> | undefined): FunctionCall[] {
  return (message?.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call.function] : []));
}

/** A client's native side, and the two ways of a call through it: whole and streamed. */

import type { Source } from './completion-stream.js';
import { fromThrown, OpenAIError } from './errors.js';
import { logging } from './log.js';
import { native, type Call, type Options } from './native.js';
import { callOptions, settings, type ClientOptions, type RequestOptions } from './options.js';
import { APIPromise, type Opened } from './promise.js';
import { Running } from './running.js';
import { streamOf, type Stream } from './stream.js';
import type { ChatCompletion, ChatCompletionChunk } from './types.js';
import type { HeaderPairs } from './wire.js';

type Client = InstanceType<typeof native.Client>;

export class Connection {
  #client: Client;
  #key: (() => Promise<string> | string) | undefined;
  #log: (() => void) | undefined;

  constructor(options: ClientOptions) {
    this.#log = logging(options);
    if (typeof options.apiKey === 'function') this.#key = options.apiKey;
    try {
      this.#client = new native.Client(settings(options));
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /** A call whose result comes whole. */
  whole<T>(
    start: (client: Client, options: Options) => Call,
    options: RequestOptions | undefined,
    read: (body: unknown) => T,
  ): APIPromise<T> {
    return new APIPromise(this.openWhole(start, options, read));
  }

  /** The same, for a promise of another class. */
  async openWhole<T>(
    start: (client: Client, options: Options) => Call,
    options: RequestOptions | undefined,
    read: (body: unknown) => T,
  ): Promise<Opened<T>> {
    const running = await this.#start(start, options);
    const head = await running.head();
    running.over();
    return { data: withRequestId(read(head.body), head.headers), head };
  }

  /** A call whose result is streamed. */
  stream(body: object, options: RequestOptions | undefined): APIPromise<Stream<ChatCompletionChunk>> {
    const open = async (): Promise<Opened<Stream<ChatCompletionChunk>>> => {
      const running = await this.#streamed(body, options);
      const head = await running.head();
      return { data: streamOf(running), head };
    };
    return new APIPromise(open());
  }

  /** The same, for those who want the whole reply afterwards. */
  async openStream(body: object, options: RequestOptions | undefined): Promise<Source> {
    const running = await this.#streamed(body, options);
    await running.head();
    const chunks = streamOf(running);
    return { chunks, reply: () => running.reply() as ChatCompletion | undefined };
  }

  #streamed(body: object, options: RequestOptions | undefined): Promise<Running> {
    return this.#start((client, given) => client.chatStream(JSON.stringify(body), given), options);
  }

  async #start(
    start: (client: Client, options: Options) => Call,
    options: RequestOptions | undefined,
  ): Promise<Running> {
    const key = this.#key && (await asked(this.#key));
    const running = new Running(() => start(this.#client, callOptions(options, key)), options?.signal);
    running.onEnd = this.#log;
    return running;
  }
}

async function asked(key: () => Promise<string> | string): Promise<string> {
  let found: unknown;
  try {
    found = await key();
  } catch (cause) {
    throw new OpenAIError(`the function apiKey failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (typeof found === 'string' && found) return found;
  throw new OpenAIError(`the function apiKey gave no key, but ${found === '' ? 'an empty text' : typeof found}`);
}

function withRequestId<T>(data: T, headers: HeaderPairs): T {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  const id = headers.find(([name]) => name === 'x-request-id')?.[1] ?? null;
  return Object.defineProperty(data, '_request_id', { value: id, enumerable: false });
}

/** A client's native side, and the two ways of a call through it: whole and streamed. */

import { fromThrown } from './errors.js';
import { logging } from './log.js';
import { native, type Call, type Options } from './native.js';
import { callOptions, settings, type ClientOptions, type RequestOptions } from './options.js';
import { APIPromise, type Opened } from './promise.js';
import { Running } from './running.js';
import { streamOf, type Stream } from './stream.js';
import type { ChatCompletionChunk } from './types.js';
import type { HeaderPairs } from './wire.js';

type Client = InstanceType<typeof native.Client>;

/** A stream's chunks, and what core knows of them. */
export interface OpenStream {
  stream: Stream<ChatCompletionChunk>;
  running: Running;
}

export class Connection {
  #client: Client;
  #log: (() => void) | undefined;

  constructor(options: ClientOptions) {
    this.#log = logging(options);
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
    const running = this.#start(start, options);
    const head = await running.head();
    running.over();
    return { data: withRequestId(read(head.body), head.headers), head };
  }

  /** A call whose result is streamed. */
  stream(body: object, options: RequestOptions | undefined): APIPromise<Stream<ChatCompletionChunk>> {
    const open = async (): Promise<Opened<Stream<ChatCompletionChunk>>> => {
      const running = this.#streamed(body, options);
      const head = await running.head();
      return { data: streamOf(running), head };
    };
    return new APIPromise(open());
  }

  /** The same, for those who want the whole reply afterwards. */
  async openStream(body: object, options: RequestOptions | undefined): Promise<OpenStream> {
    const running = this.#streamed(body, options);
    await running.head();
    return { stream: streamOf(running), running };
  }

  #streamed(body: object, options: RequestOptions | undefined): Running {
    return this.#start((client, given) => client.chatStream(JSON.stringify(body), given), options);
  }

  #start(
    start: (client: Client, options: Options) => Call,
    options: RequestOptions | undefined,
  ): Running {
    const running = new Running(() => start(this.#client, callOptions(options)), options?.signal);
    running.onEnd = this.#log;
    return running;
  }
}

function withRequestId<T>(data: T, headers: HeaderPairs): T {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  const id = headers.find(([name]) => name === 'x-request-id')?.[1] ?? null;
  return Object.defineProperty(data, '_request_id', { value: id, enumerable: false });
}

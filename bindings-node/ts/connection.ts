/** A client's native side, and its two kinds of calls: whole and streamed. */

import { clearTimeout, setTimeout } from 'node:timers';

import { ActiveCall } from './active-call.js';
import { bytesOf } from './byte-stream.js';
import { fromThrown } from './core-error.js';
import { APIUserAbortError, ConfigError, OpenAIError } from './errors.js';
import { logging } from './log.js';
import { native, type Call, type Options } from './native.js';
import { askedKey, callOptions, mostRetries, settings, type RequestOptions, type ResolvedOptions } from './options.js';
import type { Opened, Raise } from './opened.js';
import { APIPromise } from './promise.js';
import { responseOf } from './response.js';
import { Aborter } from './signal.js';
import { streamOf, type Stream } from './stream.js';
import { callTrace } from './telemetry.js';
import type { ChatCompletionChunk } from './types.js';
import type { Answered, Head, HeaderPairs } from './wire.js';

type Client = InstanceType<typeof native.Client>;
type Start = (client: Client, options: Options) => Call;
type Reading<T> = (body: unknown) => T;

/** A call whose response has begun. */
type Begun = [call: ActiveCall, answered: Answered & { head: Head }];

export class Connection {
  #client!: Client;
  #options!: ResolvedOptions;
  /** Hands over the log, where one is wanted. */
  log: (() => void) | undefined;

  constructor(options: ResolvedOptions) {
    this.configure(options);
  }

  /** Makes the calls from here on with these settings. */
  configure(options: ResolvedOptions): void {
    const made = settings(options);
    try {
      this.#client = new native.Client(made);
    } catch (error) {
      throw fromThrown(error);
    }
    this.log = logging(options);
    this.#options = options;
  }

  /** Something that is made of the native client and the options of its calls: an engine of turns, a speaker. */
  part<T>(name: string, make: (client: Client, options: Options) => T): T {
    if (typeof this.#options.apiKey === 'function') throw new ConfigError(`${name} need a client whose apiKey is a string, not a function`);
    try {
      return make(this.#client, callOptions(this.#options));
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /** A call whose result comes at once. */
  whole<T>(start: Start, options: RequestOptions | undefined, read: Reading<T>): APIPromise<T> {
    return new APIPromise(() => this.openWhole(start, options, read));
  }

  /** The same, for a promise of another class. */
  async openWhole<T>(start: Start, options: RequestOptions | undefined, read: Reading<T>): Promise<Opened<T>> {
    const [call, { head, text = '' }] = await this.#begin(start, options);
    call.over();
    return { head, body: () => text, read: () => withRequestId(read(JSON.parse(text)), head.headers) };
  }

  /** A call whose result is its response, with the body as it arrives. */
  response(start: Start, options: RequestOptions | undefined): APIPromise<Response> {
    return new APIPromise(() => this.openResponse(start, options));
  }

  /** The same, for a promise of another class. */
  async openResponse(start: Start, options: RequestOptions | undefined): Promise<Opened<Response>> {
    const [call, { head }] = await this.#begin(start, options);
    let response: Response | undefined;
    const body = (raise?: Raise) => bytesOf(call, raise);
    const read = (raise?: Raise) => (response ??= responseOf({ head, body }, raise));
    return { head, body, read, response: read };
  }

  /** A call whose result is streamed. */
  stream(body: { model?: unknown }, options: RequestOptions | undefined): APIPromise<Stream<ChatCompletionChunk>> {
    return new APIPromise(async (isHeld): Promise<Opened<Stream<ChatCompletionChunk>>> => {
      const [call, { head }] = await this.#begin(streamed(body), options, isHeld);
      let stream: Stream<ChatCompletionChunk> | undefined;
      let bytes: ReadableStream<Uint8Array> | undefined;
      return {
        head,
        body: (raise) => (stream ? null : (bytes ??= bytesOf(call, raise))),
        read: (raise) => (stream ??= streamOf(call, raise)),
      };
    });
  }

  /** The same, for a stream of another class. */
  async openStream(body: { model?: unknown }, options: RequestOptions | undefined): Promise<Stream<ChatCompletionChunk>> {
    const [call] = await this.#begin(streamed(body), options);
    return streamOf(call);
  }

  /** Makes a call, and waits until its response begins. */
  async #begin(start: Start, options: RequestOptions | undefined, isHeld?: () => boolean): Promise<Begun> {
    const { apiKey } = this.#options;
    if (typeof apiKey === 'function') return this.#beginWithKeys(apiKey, start, options, isHeld);
    const call = this.#start(start, options, callOptions(this.#options, options));
    return begun(call, isHeld);
  }

  /** The same, with a key that a function returns for each attempt: the attempts are made here, by core's rules. */
  async #beginWithKeys(
    ask: () => Promise<string> | string,
    start: Start,
    options: RequestOptions | undefined,
    isHeld?: () => boolean,
  ): Promise<Begun> {
    const most = mostRetries(this.#options, options);
    const idempotencyKey = options?.idempotencyKey ?? crypto.randomUUID();
    for (let retries = 0; ; retries += 1) {
      const key = await askedKey(ask);
      const given = callOptions(this.#options, { ...options, idempotencyKey }, key);
      const call = this.#start(start, options, { ...given, maxRetries: 0 });
      try {
        return await begun(call, isHeld);
      } catch (error) {
        if (error instanceof OpenAIError) error.attempts = retries + 1;
        const wait = call.waitBeforeRetry(retries, most, given.retryTimeouts);
        if (wait === null) throw error;
        await sleep(wait, options?.signal);
      }
    }
  }

  #start(start: Start, options: RequestOptions | undefined, given: Options): ActiveCall {
    const aborter = new Aborter(options?.signal);
    const call = new ActiveCall(() => start(this.#client, given), aborter);
    call.onEnd = this.log;
    return call;
  }
}

async function begun(call: ActiveCall, isHeld?: () => boolean): Promise<Begun> {
  return [call, (await call.answer(isHeld)) as Answered & { head: Head }];
}

function streamed(body: { model?: unknown }): Start {
  return (client, options) => client.chatStream(JSON.stringify(body), options, callTrace(body.model));
}

function sleep(ms: number, signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(new APIUserAbortError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

function withRequestId<T>(data: T, headers: HeaderPairs): T {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return data;
  const id = headers.find(([name]) => name === 'x-request-id')?.[1] ?? null;
  return Object.defineProperty(data, '_request_id', { value: id, enumerable: false });
}

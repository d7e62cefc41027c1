/** The parts of the `openai` package that its subclass here builds on: they are the same in its versions 5 to 7. */

import type { SpeechCreateParams } from '../audio.js';
import type { ChatCompletionCreateParamsBase } from '../types.js';

/** The package, as it is imported or required. */
export interface Peer {
  readonly OpenAI: PeerClass;
  readonly APIPromise: PeerPromise;
  /** Its error classes are among them. */
  readonly [name: string]: unknown;
}

export interface PeerClass {
  new (options?: PeerOptions): PeerClient;
  readonly prototype: PeerClient;
  readonly DEFAULT_TIMEOUT: number;
  readonly Chat: { new (client: PeerClient): PeerChat; readonly Completions: new (client: PeerClient) => PeerCreate<ChatCompletionCreateParamsBase> };
  readonly Audio: { new (client: PeerClient): PeerAudio; readonly Speech: new (client: PeerClient) => PeerCreate<SpeechCreateParams> };
}

/** The options of a client that matter here. `withOptions` gives those of its client to the new one. */
export interface PeerOptions {
  apiKey?: string | (() => Promise<string>) | null;
  defaultHeaders?: unknown;
  defaultQuery?: Record<string, unknown>;
  logger?: object | null;
  logLevel?: string;
  readonly [name: string]: unknown;
}

export interface PeerClient {
  apiKey: string | null;
  baseURL: string;
  organization: string | null;
  project: string | null;
  timeout: number;
  maxRetries: number;
  chat: PeerChat;
  audio: PeerAudio;
  withOptions(options: PeerOptions): PeerClient;
  logger: { info(message: string): void };
  logLevel: string | undefined;
  fetch: unknown;
  fetchOptions: unknown;
}

export interface PeerChat {
  completions: PeerCreate<ChatCompletionCreateParamsBase>;
}

export interface PeerAudio {
  speech: PeerCreate<SpeechCreateParams>;
}

/** A resource with calls of one kind. */
export interface PeerCreate<Body> {
  readonly _client: PeerClient;
  create(body: Body, options?: PeerRequestOptions): Promise<unknown>;
}

/** The options of a call, by their names. */
export type PeerRequestOptions = Record<string, unknown>;

/** The values that its promise makes a result of: the `response`, and those that the function to parse it needs. */
export interface Props {
  readonly response: Response;
  readonly options: object;
  readonly startTime: number;
}

export type PeerPromise = new <P extends Props, T>(
  client: PeerClient,
  props: Promise<P>,
  parse: (client: PeerClient, props: P) => T,
) => Promise<T>;

export type PeerStream = new <Item>(iterate: () => AsyncIterator<Item>, controller: AbortController, client: PeerClient) => AsyncIterable<Item>;

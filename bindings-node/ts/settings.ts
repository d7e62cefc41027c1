/** The settings of turns and of their parts. Times are milliseconds, sizes bytes; `Infinity` is no limit of a time or a size. What is not set has core's default. */

import type { ChatCompletionCreateParamsBase } from './types.js';

/** The connections of a client. */
export interface HttpSettings {
  /** One time limit in place of all of `timeouts`: the longest silence of the service. */
  timeout?: number;
  timeouts?: TimeoutSettings | null;
  retry?: RetrySettings | null;
  limits?: SizeLimits | null;
  /** Sent with every call. */
  headers?: Record<string, string | null> | [string, string | null][] | null;
  /** Added to the query of every call. */
  query?: Record<string, string> | [string, string][] | null;
  /** The URL of a proxy, in place of the environment's. */
  proxy?: string | null;
  /** Ignores the environment's proxy. */
  noProxy?: boolean | null;
  /** Certificates in PEM that are trusted besides the system's. */
  rootCertificates?: string[] | null;
}

/** The time limits of a call's phases. */
export interface TimeoutSettings {
  connect?: number;
  headers?: number;
  /** The longest silence of a stream. */
  idle?: number;
  /** The longest wait of a stream for content, keep-alives aside. */
  content?: number;
  /** The limit of a whole reply, with its retries. */
  total?: number;
  /** The limit of a whole stream. */
  streamTotal?: number;
}

/** The retries after transient failures. */
export interface RetrySettings {
  maxRetries?: number | null;
  initialBackoff?: number;
  maxBackoff?: number;
  /** The fraction of each wait (0 to 1) that may be subtracted at random. */
  jitter?: number | null;
  /** The longest `Retry-After` that is obeyed. */
  maxRetryAfter?: number;
}

/** The largest sizes that a service may send. */
export interface SizeLimits {
  event?: number;
  reply?: number;
  errorBody?: number;
}

/** The client of a model's service. */
export interface ModelSettings {
  apiKey?: string | null;
  baseURL?: string | null;
  organization?: string | null;
  project?: string | null;
  http?: HttpSettings | null;
}

/** The client of a chat store. */
export interface StoreSettings {
  baseURL: string;
  /** The tokens of a program that acts for one user; both or none. */
  accessToken?: string | null;
  refreshToken?: string | null;
  /** Extends a login whose refresh token has expired before its access token. */
  extendLogin?: boolean | null;
  /** Uses the calls of an older store. */
  olderStore?: boolean | null;
  paths?: StorePaths | null;
  http?: HttpSettings | null;
}

/** The paths of a store's calls. */
export type StorePaths = Partial<
  Record<
    | 'save'
    | 'updateMessages'
    | 'createWorkspace'
    | 'startSession'
    | 'history'
    | 'workspaces'
    | 'session'
    | 'updateStatus'
    | 'reissue'
    | 'workspace'
    | 'refreshToken',
    string | null
  >
>;

/** The client of a chat service. */
export interface ServiceSettings {
  baseURL: string;
  accessToken?: string | null;
  refreshToken?: string | null;
  /** The form of the service's stream. */
  wire?: 'events' | 'text' | null;
  /** Asks for a whole reply when a turn cannot be streamed. */
  fallback?: boolean | null;
  paths?: Partial<Record<'chat' | 'stream' | 'speech' | 'stop', string | null>> | null;
  http?: HttpSettings | null;
}

/** An outbox. */
export interface OutboxSettings {
  /** The path of its file. Without one it is in memory. */
  path?: string | null;
  /** When a message counts as written: once the system has it (the default), or once the disk has it. */
  durability?: 'os' | 'fsync' | null;
  /** The wait for room in a full outbox; 0 (the default) refuses at once. In an engine's outbox it blocks the event loop. */
  waitWhenFull?: number;
  limits?: OutboxLimits | null;
  delivery?: DeliverySettings | null;
}

/** The capacity of an outbox. */
export interface OutboxLimits {
  memoryRecords?: number | null;
  memoryBytes?: number;
  fileBytes?: number;
  recordBytes?: number;
}

/** The delivery of an outbox's records. */
export interface DeliverySettings {
  /** The number of deliveries at a time. */
  concurrency?: number | null;
  /** The limit of one delivery. */
  limit?: number;
  /**
   * The bound of the first wait. A workspace whose creation has no answer is looked for after ten times this, at least 5 s and at
   * most 60 s.
   */
  initialBackoff?: number;
  maxBackoff?: number;
  maxRetryAfter?: number;
  /** The age at which a record becomes a dead letter. */
  maxAge?: number;
  /** The number of crashes amid its delivery after which a record becomes a dead letter. */
  poisonTries?: number | null;
  /** The number of failures in a row after which deliveries pause. */
  breakerFailures?: number | null;
  breakerWait?: number;
  maxBreakerWait?: number;
  /** The number of delivered ids that are remembered, so that one is not accepted twice. */
  remembered?: number | null;
}

/** A NATS broker. All processes of a stream need the same `stream`, `partitions`, `replicas` and `maxBytes`. */
export interface NatsSettings {
  /** Such as `nats://localhost:4222`, or `tls://…`; the servers of a cluster are separated by commas. */
  url: string;
  /** A file with a JWT and its seed (`.creds`). Of this, `token`, `user` and `nkey` one is enough, or none. */
  credentialsFile?: string | null;
  token?: string | null;
  user?: string | null;
  password?: string | null;
  /** The seed of an NKey. */
  nkey?: string | null;
  /** A PEM file with certificates that are trusted besides the system's. */
  caFile?: string | null;
  /** The certificate that is presented to the broker, and its key, as PEM files. */
  clientCertificate?: string | null;
  clientKey?: string | null;
  /** The name of the stream; default `turnwire`. */
  stream?: string | null;
  /** The number of partitions, of which each delivers one record at a time; fixed when the stream is created. Default 64. */
  partitions?: number | null;
  /** The number of servers that keep each record; default 1, use 3 in a cluster. */
  replicas?: number | null;
  /** The size of the stream; needs NATS 2.10.5 or later. Default: the broker's own limit. */
  maxBytes?: number;
  /** The time for which the id of a delivered record is remembered, so that it is counted once; default one hour. */
  countedFor?: number;
}

/** A courier, besides its broker. */
export interface CourierSettings {
  delivery?: DeliverySettings | null;
}

/** The prompts of an engine; each that is missing is the engine's own. */
export interface PromptSettings {
  /** The system prompt of every conversation. */
  system?: string | null;
  /** The prompt for the name of a new workspace. */
  naming?: string | null;
  /** The line of the system prompt with the label of the user's message, which replaces `{label}`. */
  sentimentHint?: string | null;
  /** The prompt of a model that labels messages; the labels replace `{labels}`. */
  sentiment?: string | null;
  /** The labels of such a model; the last one replaces any other answer. */
  labels?: string[] | null;
}

/** A model that labels messages. */
export interface SentimentModel {
  /** Default `gpt-4o-mini`. */
  model?: string | null;
  /** The last one stands for an answer that is none of them. */
  labels?: string[] | null;
  /** The model's service, if it is not that of the replies. */
  client?: ModelSettings | null;
}

/** A service that answers when those before it cannot: another model, another client, or both. */
export interface FallbackSettings {
  model?: string | null;
  /** The model's service, if it is not that of the replies. */
  client?: ModelSettings | null;
}

/** A speaker: one of these. */
export interface SpeakerSettings {
  google?: GoogleSpeakerSettings | null;
  openai?: OpenAISpeakerSettings | null;
  service?: ServiceSettings | null;
}

/** A speaker of Google Translate. */
export interface GoogleSpeakerSettings {
  /** Such as `ko`. */
  language: string;
  slow?: boolean | null;
  topLevelDomain?: string | null;
  baseURL?: string | null;
  http?: HttpSettings | null;
}

/** A speaker of an OpenAI-compatible service. */
export interface OpenAISpeakerSettings {
  model?: string | null;
  voice?: string | Record<string, unknown> | null;
  format?: AudioFormat | null;
  speed?: number | null;
  instructions?: string | null;
  /** Further fields of the request. */
  extra?: Record<string, unknown> | null;
  /** The service, if it is not that of the replies. */
  client?: ModelSettings | null;
}

export type AudioFormat = 'mp3' | 'opus' | 'aac' | 'flac' | 'wav' | 'pcm';

/** The options of one text. The speaker's own apply unless given; one that it does not know is refused. */
export interface SpeechOptions {
  voice?: string | null;
  language?: string | null;
  /** 1 is the voice's normal speed. */
  speed?: number | null;
  instructions?: string | null;
  format?: AudioFormat | null;
}

/** A text to speak. */
export interface SpeechRequest extends SpeechOptions {
  text: string;
}

/** The speech of replies. */
export interface SpeechSettings {
  voice?: string | null;
  language?: string | null;
  /** 1 is the voice's own speed. */
  speed?: number | null;
  instructions?: string | null;
  format?: AudioFormat | null;
  /** The number of requests at a time. */
  inFlight?: number | null;
  /** The retries of a sentence. */
  retries?: number | null;
  sentenceLimit?: number;
  /** A sentence that cannot be spoken is left out (the default), or ends the speech. */
  onFailure?: 'skip' | 'stop' | null;
  /** The longest sentence, in code points. */
  longestSentence?: number | null;
}

/** The part of the conversation that the model gets. */
export interface HistorySettings {
  /** The most messages; 0 asks the store for none. */
  messages?: number | null;
  /** The most code points of them together. */
  characters?: number | null;
  /** The longest wait for the store. */
  wait?: number;
}

/** The settings of an engine of turns, apart from functions. */
export interface TurnsSettings {
  /** Default `gpt-4o-mini`. */
  model?: string | null;
  /** A request whose settings every turn has; its messages come first. */
  template?: Partial<ChatCompletionCreateParamsBase> | null;
  /** The services that answer, in order, when those before them cannot be reached, are overloaded, or break before the first content. */
  fallbacks?: FallbackSettings[] | null;
  /** All prompts at once, such as `presets.korean()`. Settings of single ones win. */
  prompts?: PromptSettings | null;
  /** The text that begins every conversation. */
  systemPrompt?: string | null;
  /** The chat store, which keeps messages, workspaces and sessions. Without one nothing is kept. */
  store?: StoreSettings | null;
  /** The outbox. Default: one in memory. */
  outbox?: OutboxSettings | null;
  sentiment?: SentimentModel | null;
  /** The longest wait of the reply for the label; default 150. */
  sentimentBudget?: number;
  /** The text by which the model learns the label, with the label for `{label}`. */
  sentimentHint?: string | null;
  speaker?: SpeakerSettings | null;
  speech?: SpeechSettings | null;
  /** Default `on_demand`. */
  speechMode?: 'on_demand' | 'after_text' | 'streaming' | null;
  /** The longest wait of `done`, or of a broken reply's error, for each next sentence of speech; default 30,000. */
  speechWait?: number;
  history?: HistorySettings | null;
  /** The source of a new workspace's name; default `model`. */
  naming?: 'model' | 'first_words' | null;
  /** The request for the name, such as of a small model. Default: the model of the replies, without options. */
  namingTemplate?: Partial<ChatCompletionCreateParamsBase> | null;
  /** The time at which the name is asked for: with the reply's request (the default), or with its first content, for a service that answers one request at a time. */
  namingStart?: 'at_once' | 'first_content' | null;
  /** The prompt for the name of a new workspace. */
  namingPrompt?: string | null;
  namingLimit?: number;
  /** The longest wait of `done` for the id of a new workspace. */
  workspaceWait?: number;
  /** The reply of a turn whose reader has gone away: its text so far is kept (the default), it is finished, or discarded. */
  onDisconnect?: 'save_partial' | 'finish' | 'discard' | null;
  /**
   * The longest silence in the body of a response: a comment shortly before its end keeps the connection alive; `null` sends none.
   * Default 5000. Where the server tells nothing of a reader that has gone away, these writes are what notices it, within two such
   * silences.
   */
  keepAlive?: number | null;
  /** Sends a `turn` event first, and its ids with the model that answered in `done`. */
  turnEvents?: boolean | null;
  /** Sends `sentiment` events. */
  sentimentEvents?: boolean | null;
  /** Sends `usage` events. */
  usageEvents?: boolean | null;
  /** Sends a `stage_failed` event for each side stage that failed and is missed: not for the naming of a workspace. */
  failureEvents?: boolean | null;
  /** Sends whole lines of errors in events, for development. */
  detailedErrors?: boolean | null;
}

/** The paths of the routes of a chat service, below the place where they are mounted. */
export interface RoutePaths {
  /** A message, answered as a whole; default `/chat`. */
  chat?: string | null;
  /** A message, answered with the event stream of its turn; default `/chat/stream`. */
  stream?: string | null;
  /** A text, answered with its speech; default `/chat/tts`. */
  tts?: string | null;
  /** The end of a running turn; default `/chat/stop`. */
  stop?: string | null;
  /** A message of the AI SDK, answered with its UI message stream; default `/chat/ui`. */
  ui?: string | null;
  /** A message of the AI SDK, answered with plain text; default `/chat/text`. */
  text?: string | null;
}

/** The settings of the routes of a chat service. */
export interface RoutesSettings {
  /** The origins whose pages may call the routes with credentials, such as `https://chat.example`. With none, no CORS header is sent. */
  origins?: string[] | null;
  paths?: RoutePaths | null;
  /** The largest body of a request, in bytes; default 4 MiB: the AI SDK sends the whole conversation with each message. */
  maxBody?: number;
  /** The longest text that `/chat/tts` speaks, in code points; default 10,000, some ten minutes. A message has the limit of the body alone. */
  maxText?: number;
}

/** The native binding, as `src/` makes it. */

/** A call under way. When JavaScript drops it, read or not, its connection closes. */
export declare class Call {
  /**
   * Takes the answer, as JSON; `null` if there is none yet. It is `{head}` of a stream, `{head, text}` of a value,
   * or `{error}`.
   *
   * A stream's chunks are read ahead from here on, unless `hold` is set: then from the first `take()` on.
   */
  answer(hold: boolean): string | null
  /** Reads the body of a stream as bytes, from the next `take()` on, if nobody reads its chunks. */
  readBytes(): void
  /**
   * Takes the items that are there; `null` if there are none yet. Bytes are a buffer. Chunks and events are a JSON
   * list; an object ends the stream: `{end}` or `{error}`.
   *
   * Consecutive chunks of one shape are a list in the list: the shape as a chunk with some text, a flag for padding,
   * then the text of each chunk, followed by its padding if the flag is set.
   */
  take(): string | Uint8Array | null
  /** Wakes JavaScript with this id, once, when there is something to take. */
  wait(waker: Waker, id: number): void
  /** Ends the call now and closes its connection. */
  cancel(): void
  /** The wait in milliseconds before this failed call is made again, after this number of retries; `null` to give up. */
  waitBeforeRetry(retries: number, options: RetryOptions): number | null
}

/** A client with its connections. It keeps no process alive. */
export declare class Client {
  /** A client with these settings; an error's message is its JSON. */
  constructor(settings: Settings)
  /** Asks for a whole reply to a request, which is given as JSON. */
  chat(request: string, options: Options): Call
  /** Asks for a streamed reply. */
  chatStream(request: string, options: Options): Call
  /** Asks for the models that the service has. */
  models(options: Options): Call
}

/** A reply as it grows. `turnwire::bridge::Progress` in core describes the format of its changes. */
export declare class Progress {
  /** A reply that has not begun. */
  constructor()
  /** Adds a chunk, and returns its changes. */
  add(chunk: string): string
  /** The reply so far. */
  reply(): string
}

/**
 * The host of one environment (the main thread, or a worker): it has one thread-safe function for good, which keeps no
 * process alive.
 */
export declare class Host {
  /** Calls `on_news` with new questions, and with the ids of abandoned ones. */
  constructor(onNews: (arg0: Array<Question>, arg1: Array<number>) => void)
  /** Answers a question. */
  answer(id: number, answer: string): void
  /** Fails a question, in the words of the exception. */
  fail(id: number, message: string): void
}

/** A turn that runs. When JavaScript drops it unread, its reader has gone away. */
export declare class Turn {
  /** The turn's id. */
  get id(): string
  /** The id of the user's message. */
  get messageId(): string
  /** The id of the AI's message. */
  get replyId(): string
  /** Begins to read the turn as events. */
  events(): Call
  /** Begins to read the turn as the bytes of its event stream. */
  bytes(): Call
  /** The timeline so far, as JSON. */
  timeline(): string
  /** Stops the turn: its reader gets the text so far, and its last event. */
  stop(): void
  /** Ends the turn now, as if its reader had gone away. */
  cancel(): void
}

/** The engine of turns. */
export declare class Turns {
  /**
   * An engine with the client's model, made by its calls' options, and these settings. The host calls the
   * functions.
   */
  constructor(client: Client, options: Options, settings: TurnsSettings, host: Host | undefined | null, functions: HostFunctions)
  /** Starts a turn. The request is JSON; functions that run for the turn get its number. */
  start(request: string, number?: number): Turn
  /** Stops the turn with this id; false if no such turn runs here. */
  stop(id: string): boolean
  /** Waits until all messages are delivered or dead, at most for so many milliseconds. */
  flush(timeoutMs: number): Call
}

/** Wakes one environment. */
export declare class Waker {
  /** Calls `on_ready` with the ids of the calls that became ready. It keeps no process alive. */
  constructor(onReady: (arg0: Array<number>) => void)
  /** Releases the event loop; nothing is woken any more. An open handle would show in the reports of test runners. */
  close(): void
}

/** All codes of errors. */
export declare function errorCodes(): Array<string>

/** All fields of a request that core knows by name. */
export declare function requestFields(): Array<string>

/** All fields of a turn's request. */
export declare function turnRequestFields(): Array<string>

/** Keeps core's log records of this level and above. The first call in a process sets the level. */
export declare function keepLogs(level: string): boolean

/** A function of JavaScript, by its number. */
export interface HostFunctions {
  /** Returns the label of a message. */
  sentiment?: number
}

/** A call of a function. */
export interface Question {
  /** The number of the function. */
  function: number
  /** The number of the turn that it is asked for. */
  turn?: number
  /** The id of the answer. */
  id: number
  /** The argument. */
  argument: string
}

/** The settings of an engine. */
export interface TurnsSettings {
  store?: string
  outbox?: string
  model?: string
  systemPrompt?: string
  sentimentBudget?: number
  sentimentHint?: string
  onDisconnect?: string
  turnEvents?: boolean
  sentimentEvents?: boolean
  usageEvents?: boolean
  failureEvents?: boolean
  detailedErrors?: boolean
}

/** What one call does differently. */
export interface Options {
  /** Sent with the call; those without a value are not. */
  headers: Array<[string, string | undefined | null]>
  /** Added to the query. */
  query: Array<[string, string]>
  /** The longest wait; infinite for none. */
  timeoutMs?: number
  /** How often the request is sent again. */
  maxRetries?: number
  /** True if a time limit is retried, too. */
  retryTimeouts: boolean
  /** The key that all attempts share. */
  idempotencyKey?: string
}

/** The retries of a call: their number, and the failures they follow. */
export interface RetryOptions {
  /** The most retries. */
  maxRetries: number
  /** True if a time limit is retried, too. */
  retryTimeouts: boolean
}

/** The settings of a client. */
export interface Settings {
  /** The key. */
  apiKey?: string
  /** Where the service is. */
  baseUrl?: string
  /** The organization that is billed. */
  organization?: string
  /** The project that is billed. */
  project?: string
  /** Sent with every call; those without a value are not. */
  headers: Array<[string, string | undefined | null]>
  /** Added to the query of every call. */
  query: Array<[string, string]>
  /** The longest wait; infinite for none. */
  timeoutMs?: number
  /** How often a request is sent again. */
  maxRetries?: number
  /** The most bytes of one event. */
  eventLimit?: number
  /** The most bytes of a reply. */
  replyLimit?: number
}

/**
 * Takes the records since the last call, as a JSON list of `{level, target, message}`; `null` when there
 * is nothing.
 */
export declare function takeLogs(): string | null

/** The native binding, as `src/` makes it. */

/** A call under way. When JavaScript lets go of it, unread or not, its connection closes. */
export declare class Call {
  /**
   * Takes what is there, as JSON; `null` when there is nothing yet.
   *
   * A list holds chunks, and lists for chunks of the same shape: the shape as a chunk with some text, whether it
   * has padding, then the text of each chunk, followed by its padding if it has any. Else it is an object: `{head}`
   * of a stream that begins, `{head, text}` of a whole reply, `{end}` of a stream that ended well, or `{error}`.
   *
   * A stream's chunks are read from its head on, unless `hold` is set: then from the next call on.
   */
  take(hold?: boolean): string | null
  /**
   * Takes the bytes of a stream's body that are there; `null` when there are none yet. A text is JSON: `{end}` or
   * `{error}`. It is for a stream whose chunks are not read.
   */
  takeBytes(): Uint8Array | string | null
  /** Wakes JavaScript with this id, once, when there is something to take. */
  wait(waker: Waker, id: number): void
  /** Ends the call now and closes its connection. */
  cancel(): void
  /**
   * The wait in milliseconds before this failed call is made again, after so many retries; `null` to give
   * up.
   */
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

/** A reply as it grows. The format of what it gives is described in core, at `turnwire::bridge::Progress`. */
export declare class Progress {
  /** A reply that has not begun. */
  constructor()
  /** Adds a chunk, and gives what it changes. */
  add(chunk: string): string
  /** The reply as far as it has come. */
  reply(): string
}

/** Wakes one environment. */
export declare class Waker {
  /** Calls `on_ready` with the ids of the calls that became ready. It keeps no process alive. */
  constructor(onReady: (arg0: Array<number>) => void)
  /** Lets go of the event loop: nothing is woken any more. An open handle would show in the reports of test runners. */
  close(): void
}

/** Every code that an error can have. */
export declare function errorCodes(): Array<string>

/** Every field of a request that core knows by name. */
export declare function requestFields(): Array<string>

/** Keeps what core logs at this level and above it. The first call in a process decides on the level. */
export declare function keepLogs(level: string): boolean

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
 * Takes what was logged since the last time, as a JSON list of `{level, target, message}`; `null` when there
 * is nothing.
 */
export declare function takeLogs(): string | null

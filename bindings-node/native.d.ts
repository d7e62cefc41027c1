/** The native binding, as `src/` makes it. */

/** A call under way. When JavaScript drops it, read or not, its connection closes. */
export declare class Call {
  /**
   * Takes the answer, as JSON: `{head}` of a stream, `{head, text}` of a value, or `{error}`; complete bytes are a buffer.
   * If there is none yet, it returns `null`, and wakes JavaScript with this id, once, when there is.
   *
   * A stream's chunks are read ahead from here on, unless `hold` is set: then from the first `take()` on.
   */
  answer(hold: boolean, waker: Waker, id: number): string | Uint8Array | null
  /** Reads the body of a stream as bytes, from the next `take()` on, if nobody reads its chunks. */
  readBytes(): void
  /**
   * Takes the items that are there. If there are none yet, it returns `null`, and wakes JavaScript with this id, once, when
   * there is an item or the end. Bytes are a buffer. Chunks and events are a JSON list; an object ends the stream: `{end}`
   * or `{error}`.
   *
   * Consecutive chunks of one shape are a list in the list: the shape as `{chunk, holes}`, or `null` if it is that of the
   * list before, and then the literals of each chunk. The chunk is one of the shape; the holes are the paths of the literals.
   */
  take(waker: Waker, id: number): string | Uint8Array | null
  /** Ends the call now and closes its connection. */
  cancel(): void
  /** The wait in milliseconds before this failed call is made again, after this number of retries; `null` to give up. */
  waitBeforeRetry(retries: number, options: RetryOptions): number | null
}

/** A client with its connections. It keeps no process alive. */
export declare class Client {
  /** A client with these settings, which are JSON. */
  constructor(settings: string)
  /** Requests a whole reply. The request is JSON. */
  chat(request: string, options: Options): Call
  /** Requests a streamed reply. */
  chatStream(request: string, options: Options): Call
  /** Requests the service's list of models. */
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
  /** Answers a question with JSON. */
  answer(id: number, json: string): void
  /**
   * Answers a question with audio, which is written piece by piece; `null` if the question is not one for audio, or not open
   * any more.
   */
  audio(id: number, mediaType?: string): AudioWriter | null
  /** Fails a question, with the exception's message and number. */
  fail(id: number, message: string, raised: number): void
}

/** Writes the audio that answers a question. Dropping it before its end breaks the audio off. */
export declare class AudioWriter {
  /** Writes a piece. The call ends once there is room for it: with true, or with false if nobody listens any more. */
  write(piece: Uint8Array): Call
  /** Ends the audio. */
  end(): void
  /** Breaks the audio off, with the exception's message and number. */
  fail(message: string, raised: number): void
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
  /** An engine with the client's model, called with these options, and settings as JSON. The host calls the functions. */
  constructor(client: Client, options: Options, settings: string, host: Host | undefined | null, functions: HostFunctions)
  /** Starts a turn. The request is JSON; functions that run for the turn get its number. */
  start(request: string, number?: number): Turn
  /** Stops the turn with this id; false if no such turn runs here. */
  stop(id: string): boolean
  /** Speaks a text, on demand. Functions that run for it get the number. */
  speak(text: string, number?: number): Call
  /** Waits until all messages are delivered or dead, at most for so many milliseconds. */
  flush(timeoutMs: number): Call
  /** Waits as `flush`, and shuts down: no turn can be started afterwards. */
  shutdown(timeoutMs: number): Call
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

/** The types of a turn's events, each with the names of its fields. */
export declare function eventFields(): Record<string, Array<string>>

/** The objects of settings, each with the names of its fields. */
export declare function settingsFields(): Record<string, Array<string>>

/** The settings of a client, as JSON, completed from these variables of the environment. */
export declare function withEnvironment(settings: string, variables: Record<string, string>): string

/** Keeps core's log records of this level and above. The first call in a process sets the level. */
export declare function keepLogs(level: string): boolean

/** Functions of JavaScript, by their numbers. */
export interface HostFunctions {
  /** Returns the label of a message. */
  sentiment?: number
  /** Returns the audio of a text. */
  speaker?: number
}

/** A call of a function. */
export interface Question {
  /** The number of the function. */
  function: number
  /** The number of the turn that it is asked for. */
  turn?: number
  /** The id of the answer. */
  id: number
  /** The question, as JSON. */
  argument: string
}

/** The options of one call. */
export interface Options {
  /** Sent with the call; those without a value are not. */
  headers: Array<[string, string | undefined | null]>
  /** Added to the query. */
  query: Array<[string, string]>
  /** The longest wait; infinite for none. */
  timeoutMs?: number
  /** The most retries. */
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

/**
 * Takes the records since the last call, as a JSON list of `{level, target, message}`; `null` when there
 * is nothing.
 */
export declare function takeLogs(): string | null

/** The native binding, as `src/` makes it. */

import type { NatsSink } from './native-nats.js';
import type { Speaker } from './native-speech.js';

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
  /** Requests a whole reply. The request is JSON; the call continues the trace. */
  chat(request: string, options: Options, trace?: Trace | undefined | null): Call
  /** Requests a streamed reply; the call continues the trace, up to the end of the stream. */
  chatStream(request: string, options: Options, trace?: Trace | undefined | null): Call
  /** Requests speech, to be read as it arrives. The body is the request's JSON. */
  speech(body: string, options: Options): Call
  /** Requests the service's list of models. */
  models(options: Options): Call
}

/** A fake service on a thread of its own. When JavaScript drops it, its port and every connection close. */
export declare class FakeService {
  /** `kind` is `llm` or `store`. */
  constructor(kind: string)
  /** `http://127.0.0.1:PORT`. */
  get url(): string
  /** Makes a control call: the JSON of its answer. */
  control(method: string, call: string, body: string): string
  /** Closes the port and every connection. */
  close(): void
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

/** A store of any kind, as an engine of turns and an outbox take it. */
export declare class Store {}

/** A client of a chat store. */
export declare class ChatStore {
  /** A client with these settings, which are JSON. The host calls the function with this number for tokens. */
  constructor(settings: string, host?: Host | undefined | null, tokenProvider?: number | undefined | null)
  /** The same client with the caller of this number, on whose behalf its token provider is asked. */
  askedBy(number: number): ChatStore
  /** The store, as an engine of turns and an outbox take it. */
  store(): Store
  /** The same client with these tokens. */
  withTokens(access: string, refresh: string): ChatStore
  /** The same client for the user with this id. */
  forUser(userId: string): ChatStore
  /** The same client with these options for its calls. */
  withOptions(options: Options): ChatStore
  /** Saves a message, given as JSON. */
  save(message: string): Call
  /** Counts a saved message in the workspace's session. */
  countMessage(workspaceId: string): Call
  /** Creates a workspace for a user. */
  createWorkspace(userId: string, name: string): Call
  /** Starts a session in a workspace. */
  startSession(workspaceId: string, userId: string): Call
  /** The messages of a workspace. */
  history(workspaceId: string): Call
  /** The workspaces of a user with this status. */
  workspaces(userId: string, status: string): Call
  /** The session of a workspace in which messages are counted now. */
  activeSession(workspaceId: string): Call
  /** Sets the status of a workspace's session. */
  setSessionStatus(workspaceId: string, status: string): Call
  /** Counters of the calls of this client and its copies, as JSON. */
  stats(): string
}

/** A store of conversations in one SQLite file. */
export declare class SqliteStore {
  /** Opens or creates the file. */
  constructor(path: string)
  /** The store, as an engine of turns and an outbox take it. */
  store(): Store
  /** The path of the file, absolute and without links. */
  get path(): string
  /** Saves a message of a user, given as JSON. */
  save(userId: string, message: string): Call
  /** The messages of a workspace. */
  history(userId: string, workspaceId: string): Call
  /** A page of a workspace's history: the latest messages, or those before a page. */
  historyPage(userId: string, workspaceId: string, before: string | undefined | null, limit: number): Call
  /** The workspaces of a user, the last used first. */
  workspaces(userId: string): Call
  /** Creates a workspace for a user. */
  createWorkspace(userId: string, name: string): Call
  /** Renames a workspace. */
  renameWorkspace(userId: string, workspaceId: string, name: string): Call
  /** Deletes a workspace and its messages. */
  deleteWorkspace(userId: string, workspaceId: string): Call
  /** The sessions of a workspace, the earliest first. */
  sessions(userId: string, workspaceId: string): Call
}

/** A client of a chat service. */
export declare class ChatService {
  /** A client with these settings, which are JSON. The host calls the function with this number for tokens. */
  constructor(settings: string, host?: Host | undefined | null, tokenProvider?: number | undefined | null)
  /** The same client with the caller of this number, on whose behalf its token provider is asked. */
  askedBy(number: number): ChatService
  /** The same client with these options for its calls. */
  withOptions(options: Options): ChatService
  /** Requests a turn as a stream of events. The request is JSON. */
  stream(request: string): Call
  /** Requests a turn and its whole reply. The request is JSON. */
  send(request: string): Call
  /** Requests the speech of a text. */
  speak(text: string): Call
  /** Stops a running turn. */
  stop(turnId: string): Call
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
  /** Begins to read the turn as the body of a response, on the wire `sse`, `ui` or `text`. */
  bytes(wire: string): Call
  /** The timeline so far, as JSON. */
  timeline(): string
  /** Waits until the turn has ended and its messages are delivered or dead, at most 30 s after its end. */
  finished(): Call
  /** Stops the turn: its reader gets the text so far, and its last event. */
  stop(): void
  /** Ends the turn now, as if its reader had gone away. */
  cancel(): void
}

/** A durable outbox. */
export declare class Outbox {
  /**
   * An outbox with these settings, which are JSON. The records are delivered by the host's function with this number, to a
   * store, or to a broker.
   */
  constructor(settings: string, host?: Host | undefined | null, sink?: number | undefined | null, store?: Store | undefined | null, nats?: NatsSink | undefined | null)
  /** Accepts a record, which is JSON. */
  enqueue(record: string): Call
  /** Accepts a record that is not complete yet. */
  hold(record: string): Call
  /** Replaces the held record of the same id. */
  release(record: string): Call
  /** The counters. */
  stats(): Call
  /** The pending records. */
  pending(): Call
  /** The dead letters. */
  deadLetters(): Call
  /** Queues a dead letter again. */
  requeue(id: string): Call
  /** Removes a dead letter, or a pending record. */
  discard(id: string): Call
  /** Returns true while a record waits for its delivery. */
  isWaiting(): boolean
  /** Waits until all records are delivered or dead, at most for so many milliseconds. */
  flush(timeoutMs: number): Call
  /** Waits as `flush`, and accepts no record any more. */
  shutdown(timeoutMs: number): Call
}

/** The engine of turns. */
export declare class Turns {
  /** An engine with the client's model, called with these options, and settings as JSON. The host calls the functions. */
  constructor(client: Client, options: Options, settings: string, host: Host | undefined | null, functions: HostFunctions, store?: Store | undefined | null, outbox?: Outbox | undefined | null, speaker?: Speaker | undefined | null)
  /** Starts a turn, which continues the trace. The request is JSON; functions that run for the turn get its number. */
  start(request: string, number?: number | undefined | null, trace?: Trace | undefined | null): Turn
  /** Stops the turn with this id, if it is this user's in case one is given; false if none is known to run. */
  stop(id: string, userId?: string | undefined | null): Call
  /** Speaks a text, on demand. Functions that run for it get the number. */
  speak(text: string, number?: number): Call
  /** Returns true while a message waits for its delivery. */
  isWaiting(): boolean
  /** Waits until all messages are delivered or dead, at most for so many milliseconds. */
  flush(timeoutMs: number): Call
  /** Waits as `flush`, and shuts down: no turn can be started afterwards. */
  shutdown(timeoutMs: number): Call
}

/** Wakes one environment. */
export declare class Waker {
  /** Calls `on_ready` when something became ready, and again only after `handOver()`. It keeps no process alive. */
  constructor(onReady: () => void)
  /**
   * Hands over the items of all that became ready; `null` if nothing did. A call whose items were handed over is woken for
   * again, with the same id, once there are more. For the ids whose byte in `unread` is not 0 nothing is taken.
   *
   * With `isPolled`, JavaScript asks again by itself until there is nothing, and is not woken before.
   */
  handOver(unread: Uint8Array, isPolled: boolean): Handed | null
  /** Releases the event loop; nothing is woken any more. An open handle would show in the reports of test runners. */
  close(): void
}

/** All codes of errors. */
export declare function errorCodes(): Array<string>

/** All fields of a request that core knows by name. */
export declare function requestFields(): Array<string>

/** A new message of a user, as JSON. The time is in milliseconds since 1970. */
export declare function messageFromUser(workspaceId: string, userId: string, content: string, sentAt: number): string

/** The AI's new reply to a message, both as JSON. */
export declare function messageReplyTo(message: string, content: string, sentAt: number): string

/** The objects of stores, each with the names of its fields. */
export declare function storedFields(): Record<string, Array<string>>

/** The names of the presets. */
export declare function presets(): Array<string>

/** The prompts of the preset with this name, as JSON; `null` if there is none. */
export declare function preset(name: string): string | null

/** All fields of a turn's request. */
export declare function turnRequestFields(): Array<string>

/** The kinds of records of an outbox, each with the names of its fields. */
export declare function recordFields(): Record<string, Array<string>>

/** The traces of one environment (the main thread, or a worker). They keep no process alive. */
export declare class Traces {
  /** Calls `on_reports` with finished spans: the numbers of traces, each with its spans as JSON. */
  constructor(onReports: (arg0: Array<[number, string]>) => void)
  /** A trace with the values of the headers `traceparent` and `tracestate`, which is reported once, under this number. */
  begin(number: number, parent: string, state: string): Trace
}

/** A trace. It belongs to the call that it is given to. */
export declare class Trace {}

/** The most retries of a call whose attempts are made in JavaScript. */
export declare function mostRetries(maxRetries: number): number

/** Hands over, at the end of the process, the spans of what still runs, and waits for their reports, at most for so many milliseconds. */
export declare function endTraces(timeoutMs: number): Call

/** Waits until outboxes whose objects are gone have delivered what is due, at most for so many milliseconds. */
export declare function flushDropped(timeoutMs: number): Call

/** Runs the command `outbox` with these arguments, and returns its exit code. */
export declare function outboxCommand(arguments: Array<string>): number

/** The types of a turn's events, each with the names of its fields. */
export declare function eventFields(): Record<string, Array<string>>

/** The objects of settings, each with the names of its fields. */
export declare function settingsFields(): Record<string, Array<string>>

/** The headers of a response on the wire `sse`, `ui` or `text`. */
export declare function responseHeaders(wire: string): [string, string][]

/** The chart of a timeline for a terminal. */
export declare function timelineText(json: string): string

/** The picture of a timeline, as SVG, with a note below its title. */
export declare function timelineSvg(json: string, note: string): string

/** The settings of a client, as JSON, completed from these variables of the environment. */
export declare function withEnvironment(settings: string, variables: Record<string, string>): string

/** Keeps core's log records of this level and above. The first call in a process sets the level. */
export declare function keepLogs(level: string): boolean

/** Functions of JavaScript, by their numbers. */
export interface HostFunctions {
  /** Returns the label of a message. */
  sentiment?: number
}

/** The items of several calls. */
export interface Handed {
  /**
   * A JSON list of ids, each followed by its call's items as `take()` has them, by a number, which is the length of the call's
   * part of `bytes`, or by `null`: then JavaScript has to take them itself.
   */
  text: string
  /** The bytes of all. */
  bytes?: Uint8Array
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

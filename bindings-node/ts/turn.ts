/** A turn that runs. */

import { ActiveCall } from './active-call.js';
import { quietBytesOf } from './byte-stream.js';
import { fromThrown } from './core-error.js';
import { Items, ListBatch } from './items.js';
import type { Call, Turn as NativeTurn } from './native.js';
import type { ServerResponseLike } from './pipe.js';
import type { Aborter } from './signal.js';
import { reported } from './telemetry.js';
import { Timeline } from './timeline.js';
import { pipeOn, responseOn, type Wire } from './turn-response.js';
import type { TurnEvent } from './turn-types.js';

/** The objects that live as long as a turn. In a field, the console would show the program's asynchronous context. */
const owners = new WeakMap<Turn, object>();

/**
 * A turn that runs. It is read once: as events, with `for await`, or as the bytes of a response. Leaving the loop, or
 * dropping the turn, is the reader's going away: the text so far is kept.
 */
export class Turn implements AsyncIterable<TurnEvent> {
  #turn: NativeTurn;
  #aborter: Aborter;
  #log: (() => void) | undefined;
  #finished: Promise<void> | undefined;

  /** Use `turns.start()`. */
  constructor(turn: NativeTurn, aborter: Aborter, log: (() => void) | undefined, owner: object) {
    this.#turn = turn;
    this.#aborter = aborter;
    this.#log = log;
    owners.set(this, owner);
    aborter.controller.signal.addEventListener('abort', () => turn.cancel(), { once: true });
  }

  /** The turn's id, for `turns.stop()`. */
  get id(): string {
    return this.#turn.id;
  }

  /** The id of the user's message. */
  get messageId(): string {
    return this.#turn.messageId;
  }

  /** The id of the AI's message. */
  get replyId(): string {
    return this.#turn.replyId;
  }

  /** The events. A turn that fails throws, with the text so far in `partial`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TurnEvent> {
    return new Items(
      this.#read(() => this.#turn.events()),
      new ListBatch<TurnEvent>(),
    );
  }

  /** The event stream as bytes, for the body of a response. A failure is an `error` event in it. */
  sse(): ReadableStream<Uint8Array> {
    return this.#bytes('sse');
  }

  /** The turn in the AI SDK's UI message stream, which `useChat` reads. A failure is an `error` part in it. */
  uiStream(): ReadableStream<Uint8Array> {
    return this.#bytes('ui');
  }

  /** The text of the reply, in UTF-8. A failure is the stream's error, since text cannot carry it: the server breaks off the response. */
  textStream(): ReadableStream<Uint8Array> {
    return this.#bytes('text');
  }

  /** A web `Response` with the event stream. `init` may add to its headers, and replace them. */
  toResponse(init?: ResponseInit): Response {
    return responseOn('sse', () => this.sse(), init);
  }

  /** The same with `uiStream()`, for `useChat` of the AI SDK. */
  toUIMessageResponse(init?: ResponseInit): Response {
    return responseOn('ui', () => this.uiStream(), init);
  }

  /** The same with `textStream()`, for the AI SDK's `TextStreamChatTransport`. */
  toTextResponse(init?: ResponseInit): Response {
    return responseOn('text', () => this.textStream(), init);
  }

  /**
   * Sends the turn as a response of `node:http`, `node:http2` or Express, by default as its event stream. A status and headers
   * that are set already are kept. It goes no faster than its reader reads, and ends the turn at once when the reader leaves.
   * Resolves once all is sent or the reader has left; rejects if the turn has another reader.
   */
  async pipe(response: ServerResponseLike, { wire = 'sse' }: { wire?: Wire } = {}): Promise<void> {
    await pipeOn(wire, this.#read(() => this.#turn.bytes(wire)), response);
  }

  /**
   * Resolves once the turn has ended and its messages are delivered or given up, at most 30 s after its end. It never rejects.
   * For hosts that freeze a program after its response: `waitUntil(turn.finished)`, or `after(() => turn.finished)` in Next.js.
   */
  get finished(): Promise<void> {
    return (this.#finished ??= this.#finish());
  }

  /** The begin and the end of each stage so far. Messages are saved after the last event, too. */
  timeline(): Timeline {
    return new Timeline(this.#native(() => this.#turn.timeline()));
  }

  /** Stops the turn: the text so far is kept, and the last event is a `done` that is `stopped`. */
  stop(): void {
    this.#native(() => this.#turn.stop());
  }

  /** Ends the turn now, as if its reader had gone away. */
  cancel(): void {
    this.#turn.cancel();
  }

  #bytes(wire: Wire): ReadableStream<Uint8Array> {
    return quietBytesOf(this.#read(() => this.#turn.bytes(wire)));
  }

  #finish(): Promise<void> {
    try {
      // Of the owner, and not of this turn: one that nobody reads ends when it is dropped, also while somebody waits here.
      return settled(new ActiveCall(() => this.#turn.finished(), undefined, owners.get(this)));
    } catch {
      // The library's runtime has ended, and so has the turn.
      return Promise.resolve();
    }
  }

  #read(start: () => Call): ActiveCall {
    const call = new ActiveCall(start, this.#aborter, this);
    call.onEnd = this.#log;
    return call;
  }

  #native<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw fromThrown(error);
    }
  }
}

async function settled(call: ActiveCall): Promise<void> {
  await reported(call.value()).catch(() => {});
}

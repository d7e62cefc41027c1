/** The engine of turns: a user's message, its streamed reply, and the side stages of both. */

import { ActiveCall } from './active-call.js';
import { connectionOf, type OpenAI, type OpenAIOfPackage } from './client.js';
import { AnyStore, providerOf, storeOf } from './any-store.js';
import { fromThrown } from './core-error.js';
import { deliverAtExit, isOver, isQueued } from './exit.js';
import { caller, hosted, type Hosted } from './host.js';
import { SENTIMENT } from './host-kinds.js';
import type { SentimentFunction, SpeakerFunction } from './host-types.js';
import { logging, type LogOptions } from './log.js';
import { native, type WebCall, type WebReply } from './native.js';
import { Outbox, outboxOf } from './outbox.js';
import { numberOf } from './options.js';
import type { OutboxSettings, SentimentModel, SpeakerSettings, StoreSettings, TurnsSettings } from './settings.js';
import { written } from './stored.js';
import { settingsJson } from './settings-json.js';
import { Aborter } from './signal.js';
import { Speaker, spokenBy } from './speakers.js';
import { reported, turnTrace } from './telemetry.js';
import { Turn } from './turn.js';
import type { FlushReport, TurnRequest } from './turn-types.js';

/** The options of an engine. */
export interface TurnsOptions extends Omit<TurnsSettings, 'store' | 'outbox' | 'sentiment' | 'speaker'>, LogOptions {
  /** A `ChatStore` or `SqliteStore`, or the settings or URL of a chat store. Without one nothing is kept. */
  store?: AnyStore | StoreSettings | string | null;
  /** An `Outbox` without a sink, or the settings of one, or the path of its file. Default: one in memory. */
  outbox?: Outbox | OutboxSettings | string | null;
  /**
   * A function that returns the label of a message, such as its sentiment, or a model that does. A function runs beside the
   * reply, in the asynchronous context of `start()`; a failure is on the timeline, and never breaks the turn.
   */
  sentiment?: SentimentFunction | SentimentModel | null;
  /**
   * A `Speaker`, or the settings of one, or a function that returns the audio of a text, whole or piece by piece. A function
   * runs in the asynchronous context of `start()` or `speak()`.
   */
  speaker?: Speaker | SpeakerFunction | SpeakerSettings | null;
}

/** The longest wait of `flush()` unless it is told another, in milliseconds. */
const FLUSH = 5000;

/** The routes that start a turn. */
const TURNS = new Set(['chat', 'stream', 'ui', 'text']);

type Native = InstanceType<typeof native.Turns>;

/** The native side of an engine; `undefined` for anything else. */
export let engineOf: (turns: unknown) => Native | undefined;

/** Answers a user's request to a route over an engine. A turn is the bytes of the reply's body. */
export let answer: (
  turns: Turns,
  call: WebCall,
  userId: string,
  body: Uint8Array,
  request: Request,
) => Promise<[reply: WebReply, bytes?: ReadableStream<Uint8Array>]>;

/** The engine of turns. It keeps no process alive. */
export class Turns {
  #engine: Native;
  #log: (() => void) | undefined;
  /** Kept alive here: the native side names functions by number, also the sink of an outbox. */
  #functions: { sentiment?: Hosted; speaker?: object; tokens?: Hosted | undefined; outbox?: TurnsOptions['outbox'] } = {};

  static {
    engineOf = (turns) => (typeof turns === 'object' && turns !== null && #engine in turns ? turns.#engine : undefined);
    answer = (turns, ...asked) => turns.#answer(...asked);
  }

  /**
   * Turns with the client's model and its settings as they are now. Opening the file of an outbox or a store blocks the event
   * loop while another process holds it, about 1 s at most: make the engine as the program starts.
   */
  constructor(client: OpenAI | OpenAIOfPackage, options: TurnsOptions = {}) {
    const connection = connectionOf(client);
    const { sentiment, speaker, store, outbox } = options;
    if (typeof sentiment === 'function') this.#functions.sentiment = hosted(SENTIMENT, sentiment);
    this.#functions.tokens = providerOf(store);
    this.#functions.outbox = outbox;
    const made = settingsOf(options);
    this.#log = options.logger || options.logLevel ? logging(options) : connection.log;
    const [spoken, kept] = speaker instanceof Speaker || typeof speaker === 'function' ? spokenBy(speaker) : [];
    this.#functions.speaker = kept;
    this.#engine = connection.part('turns', (inner, options) => {
      const { sentiment } = this.#functions;
      return new native.Turns(inner, options, made, sentiment?.host, { sentiment: sentiment?.number }, storeOf(store), outboxOf(outbox), spoken);
    });
    if (store) deliverAtExit(this);
  }

  /**
   * Starts a turn. The user's message is in the outbox when this returns, which may take up to 50 ms where its file is slow.
   * Aborting the signal ends the turn as if its reader had gone away. Keep the request whose `request.signal` you pass: Node's
   * signal no longer aborts once its request is collected (nodejs/node#55428). The body of a response needs no signal.
   */
  start(request: TurnRequest, { signal }: { signal?: AbortSignal | null } = {}): Turn {
    const aborter = new Aborter(signal);
    try {
      const json = written(request, 'turns.start');
      const [[context, number], trace] = turnTrace(() => this.#caller());
      const turn = this.#engine.start(json, number, trace);
      this.#isQueued();
      return new Turn(turn, aborter, this.#log, { engine: this, context });
    } catch (error) {
      aborter.forget();
      throw fromThrown(error);
    }
  }

  /** Speaks a text with the `speaker`: its sentences, joined to one piece of audio. */
  async speak(text: string, { signal }: { signal?: AbortSignal | null } = {}): Promise<Uint8Array> {
    const [context, number] = this.#caller();
    const call = new ActiveCall(() => this.#engine.speak(String(text), number), new Aborter(signal), { engine: this, context });
    call.onEnd = this.#log;
    return call.wholeBytes();
  }

  /**
   * Stops the turn with this id, also one of another process that shares the outbox's file; false if none is known to run. With
   * `userId`, a turn that `start()` was not given this user for runs on: for a request of that user.
   */
  async stop(turnId: string, { userId }: { userId?: string | null } = {}): Promise<boolean> {
    return new ActiveCall(() => this.#engine.stop(String(turnId), userId == null ? null : String(userId)), undefined, this).value();
  }

  /** Waits until all messages are delivered or dead, at most for `timeout` milliseconds; default 5000. */
  async flush({ timeout = FLUSH }: { timeout?: number } = {}): Promise<FlushReport> {
    const limit = numberOf(timeout) ?? FLUSH;
    return reported(new ActiveCall(() => this.#engine.flush(limit), undefined, this).value());
  }

  /**
   * As `flush()`, and starts no turn any more. Turns that still run fail, with their text so far kept. Pending messages stay in the
   * outbox's file. An `Outbox` that was given stays open, as other engines may use it: its own `shutdown()` ends it.
   */
  async shutdown({ timeout = FLUSH }: { timeout?: number } = {}): Promise<FlushReport> {
    const limit = numberOf(timeout) ?? FLUSH;
    // The functions of this engine may deliver what waits in an outbox that stays open.
    if (!(this.#functions.outbox instanceof Outbox)) isOver(this);
    return reported(new ActiveCall(() => this.#engine.shutdown(limit), undefined, this).value());
  }

  async #answer(call: WebCall, userId: string, body: Uint8Array, request: Request): Promise<[WebReply, ReadableStream<Uint8Array>?]> {
    const [[context, number], trace] = TURNS.has(call.route) ? turnTrace(() => this.#caller()) : [this.#caller()];
    // Node's `request.signal` no longer aborts once its request is collected (nodejs/node#55428): the reply keeps it.
    const owner = { engine: this, context, request };
    const { signal } = request;
    const asked = new ActiveCall(() => call.answer(userId, body, number, trace), new Aborter(signal), owner);
    asked.onEnd = this.#log;
    const reply = await asked.reply().finally(() => this.#isQueued());
    const { wire } = reply;
    const turn = reply.turn();
    if (!turn) return [reply];
    if (signal.aborted) turn.cancel();
    return [reply, bytesOn(wire, new Turn(turn, new Aborter(signal), this.#log, owner))];
  }

  /** Notes that there may be messages to deliver. */
  #isQueued(): void {
    const { tokens, outbox } = this.#functions;
    isQueued(this, tokens || outbox instanceof Outbox ? () => this.#engine.isWaiting() : undefined);
  }

  /** The context of the code that runs now, if there are functions for it, and its number. */
  #caller(): [context?: object, number?: number] {
    const { sentiment, speaker, tokens } = this.#functions;
    return sentiment || speaker || tokens ? caller() : [];
  }
}

function bytesOn(wire: string | null, turn: Turn): ReadableStream<Uint8Array> {
  if (wire === 'ui') return turn.uiStream();
  return wire === 'text' ? turn.textStream() : turn.sse();
}

/** The settings in core's form. */
function settingsOf({ logger: _, logLevel: __, store, outbox, sentiment, speaker, ...settings }: TurnsOptions): string {
  return settingsJson({
    ...settings,
    store: typeof store === 'string' ? { baseURL: store } : store instanceof AnyStore ? undefined : partOf(store),
    outbox: typeof outbox === 'string' ? { path: outbox } : outbox instanceof Outbox ? undefined : partOf(outbox),
    sentiment: typeof sentiment === 'function' ? undefined : sentiment,
    speaker: speaker instanceof Speaker || typeof speaker === 'function' ? undefined : speaker,
  });
}

/** The settings of a part, or in the place of what is none a value that core refuses with what is allowed. */
function partOf(part: unknown): unknown {
  return typeof part === 'function' || part instanceof Outbox ? false : part;
}

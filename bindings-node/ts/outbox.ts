/** An outbox on its own: a durable queue of records on their way to a service. */

import { ActiveCall } from './active-call.js';
import { type AnyStore, providerOf, storeOf } from './any-store.js';
import { camelCased } from './camel-case.js';
import { fromThrown } from './core-error.js';
import { ConfigError } from './errors.js';
import { deliverAtExit, isOver, isQueued } from './exit.js';
import { hosted, type Hosted } from './host.js';
import { SINK } from './host-kinds.js';
import type { SinkFunction } from './host-types.js';
import { logBackground, type LogOptions } from './log.js';
import { type Call, native } from './native.js';
import { natsOf, type NatsSink } from './nats.js';
import { numberOf } from './options.js';
import type { DeadLetter, NewRecord, OutboxStats, PendingRecord, Receipt } from './outbox-types.js';
import type { OutboxSettings } from './settings.js';
import { written } from './stored.js';
import { settingsJson } from './settings-json.js';
import type { FlushReport } from './turn-types.js';

/** The settings of an outbox besides its file. */
export interface OutboxOptions extends Omit<OutboxSettings, 'path'>, LogOptions {
  /**
   * Delivers the records: a function, a store, or a broker. It is called again until it returns nothing or another last outcome, so a
   * delivery must be safe to repeat. Without one the records wait for `new Turns(client, { outbox })`, whose store becomes
   * the sink.
   */
  sink?: SinkFunction | AnyStore | NatsSink | null;
}

/** The native side of an outbox; `undefined` for anything else. */
export let outboxOf: (outbox: unknown) => InstanceType<typeof native.Outbox> | undefined;

/** The longest wait of `flush()` and `shutdown()` unless they are told another, in milliseconds. */
const FLUSH = 5000;

/**
 * A durable outbox: every accepted record is delivered, pending, or a dead letter. Records of one conversation are delivered
 * in order, one at a time, also by several processes that open the same file.
 *
 * At the end of the process what waits is delivered, for 2 seconds at most; `process.exit()` does not wait, and leaves it in
 * the file.
 */
export class Outbox {
  #outbox: InstanceType<typeof native.Outbox>;
  /** Kept alive here: the native side names functions by number, also that of a store that is the sink. */
  #functions: { sink?: Hosted; tokens?: Hosted | undefined } = {};

  static {
    outboxOf = (outbox) => (typeof outbox === 'object' && outbox !== null && #outbox in outbox ? outbox.#outbox : undefined);
  }

  /**
   * Opens the file, which is created if it is missing. Without a path the outbox is in memory. This blocks the event loop while
   * another process holds the file, about 1 s at most: make it as the program starts.
   */
  constructor(path?: string | null, { sink, logger, logLevel, ...options }: OutboxOptions = {}) {
    const store = storeOf(sink);
    const nats = natsOf(sink);
    this.#functions.tokens = providerOf(sink);
    if (typeof sink === 'function') this.#functions.sink = hosted(SINK, sink);
    else if (sink && !store && !nats) throw new ConfigError(`sink must be a function, a store or a NatsSink, not ${typeof sink}`);
    const { sink: called } = this.#functions;
    try {
      this.#outbox = new native.Outbox(settingsJson({ ...options, path }), called?.host, called?.number, store, nats);
    } catch (error) {
      throw fromThrown(error);
    }
    logBackground({ logger, logLevel }, this);
    deliverAtExit(this);
  }

  /** An outbox in memory: its records are lost with the process. */
  static memory(options: OutboxOptions = {}): Outbox {
    return inMemory(options);
  }

  /**
   * Accepts a record. It is stored before this call returns, so that calls keep their order, and nothing is lost by a promise
   * that nobody awaits: at once, longer with `durability: 'fsync'`, and 50 ms at most where another process occupies
   * the file. Only for room in a full outbox, as far as `waitWhenFull` allows, the promise waits, and the event loop does not.
   */
  enqueue(record: NewRecord): Promise<Receipt> {
    return this.#accepted((json) => this.#outbox.enqueue(json), 'outbox.enqueue', record);
  }

  /**
   * Accepts a record that is not complete yet, as `enqueue()`: it is stored, and blocks its conversation, until it is released
   * or discarded.
   */
  hold(record: NewRecord): Promise<Receipt> {
    return this.#accepted((json) => this.#outbox.hold(json), 'outbox.hold', record);
  }

  /**
   * Replaces the held record with this id by the complete one, which may be in another conversation. Without a held one this is
   * `enqueue()`.
   */
  release(record: NewRecord): Promise<Receipt> {
    return this.#accepted((json) => this.#outbox.release(json), 'outbox.release', record);
  }

  /** The counters of accepted records and their states. */
  stats(): Promise<OutboxStats> {
    return this.#camelCased(() => this.#outbox.stats());
  }

  /** The pending records, in the order of acceptance; at most 1,000. */
  pending(): Promise<PendingRecord[]> {
    return this.#camelCased(() => this.#outbox.pending());
  }

  /** The records that were given up, in the order of acceptance; at most 1,000. */
  async deadLetters(): Promise<DeadLetter[]> {
    return lettersOf(await this.#value(() => this.#outbox.deadLetters()));
  }

  /** Queues a dead letter again, behind all others of its conversation; false if there is none with this id. */
  requeue(id: string): Promise<boolean> {
    return this.#value(() => this.#outbox.requeue(String(id)));
  }

  /** Removes a dead letter, or a pending record; false if there is none with this id, or it is being sent. */
  discard(id: string): Promise<boolean> {
    return this.#value(() => this.#outbox.discard(String(id)));
  }

  /**
   * Waits until every record accepted so far is delivered or dead, at most for `timeout` milliseconds; default 5000. Returns at
   * once if there is no sink.
   */
  async flush({ timeout = FLUSH }: { timeout?: number } = {}): Promise<FlushReport> {
    const limit = numberOf(timeout) ?? FLUSH;
    return this.#value(() => this.#outbox.flush(limit));
  }

  /** As `flush()`, and accepts no record any more. Pending records stay in the file, for the next process. */
  async shutdown({ timeout = FLUSH }: { timeout?: number } = {}): Promise<FlushReport> {
    const limit = numberOf(timeout) ?? FLUSH;
    isOver(this);
    return this.#value(() => this.#outbox.shutdown(limit));
  }

  async #accepted(enter: (json: string) => Call, operation: string, record: NewRecord): Promise<Receipt> {
    const json = written(record, operation);
    const { sink, tokens } = this.#functions;
    isQueued(this, sink || tokens ? () => this.#outbox.isWaiting() : undefined);
    return this.#camelCased(() => enter(json));
  }

  async #camelCased<T>(start: () => Call): Promise<T> {
    return camelCased(await this.#value(start)) as T;
  }

  async #value<T>(start: () => Call): Promise<T> {
    return new ActiveCall(start, undefined, this).value<T>();
  }
}

/** Dead letters as core gives them. The names in a payload are the program's. */
export function lettersOf(letters: { payload: unknown }[]): DeadLetter[] {
  return letters.map(({ payload, ...letter }) => ({ ...(camelCased(letter) as DeadLetter), payload }));
}

/** If the class named itself, bundlers would rename it. */
function inMemory(options: OutboxOptions): Outbox {
  return new Outbox(null, options);
}

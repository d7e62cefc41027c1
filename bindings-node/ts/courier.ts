/** The courier, which delivers the records that outboxes have published to a NATS broker. */

import { ActiveCall } from './active-call.js';
import { type AnyStore, providerOf, storeOf } from './any-store.js';
import { camelCased } from './camel-case.js';
import { fromThrown } from './core-error.js';
import { ConfigError } from './errors.js';
import { hosted, type Hosted } from './host.js';
import { SINK, TOKEN_PROVIDER } from './host-kinds.js';
import type { SinkFunction, TokenFunction } from './host-types.js';
import { logBackground, type LogOptions } from './log.js';
import { type Call, native } from './native.js';
import type { NatsOptions } from './nats.js';
import { lettersOf } from './outbox.js';
import type { CourierStats, DeadLetter, PendingRecord } from './outbox-types.js';
import type { CourierSettings } from './settings.js';
import { settingsJson } from './settings-json.js';
import { Aborter } from './signal.js';

/** The settings of a courier besides the URL of its broker. */
export interface CourierOptions extends NatsOptions, CourierSettings, LogOptions {
  /**
   * Returns the tokens of a user: a record brings none, as tokens do not leave the process of their user's turn. A sink that needs
   * none, or has a provider of its own, needs none here.
   */
  tokenProvider?: TokenFunction | null;
}

/**
 * Delivers the records that `NatsSink` has published. Any number of couriers, in any processes, share the work: each record is
 * delivered by one of them, and the records of a conversation in order.
 */
export class Courier {
  readonly #courier: InstanceType<typeof native.Courier>;
  /** Kept alive here: the native side names functions by number. */
  readonly #functions: (Hosted | undefined)[];

  /** A courier of this broker, which is not contacted yet. `sink` is a store, or a function as that of an `Outbox`. */
  constructor(url: string, sink: SinkFunction | AnyStore, { tokenProvider, delivery, logger, logLevel, ...options }: CourierOptions = {}) {
    const store = storeOf(sink);
    if (typeof sink !== 'function' && !store) throw new ConfigError(`sink must be a function or a store, not ${sink === null ? 'null' : typeof sink}`);
    const called = typeof sink === 'function' ? hosted(SINK, sink) : undefined;
    const tokens = tokenProvider ? hosted(TOKEN_PROVIDER, tokenProvider) : undefined;
    this.#functions = [called, tokens, providerOf(sink)];
    const host = called?.host ?? tokens?.host;
    try {
      this.#courier = new native.Courier(settingsJson({ ...options, url }), settingsJson({ delivery }), host, called?.number, store, tokens?.number);
    } catch (error) {
      throw fromThrown(error);
    }
    logBackground({ logger, logLevel }, this);
  }

  /** True while the courier runs, and its connection to the broker is up. */
  get isReady(): boolean {
    return this.#courier.isReady();
  }

  /**
   * Delivers until `stop()` is called, or the signal is aborted; then it accepts no more records, and the promise resolves when those
   * in flight have ended. A broker that is not reached is tried again. It rejects with a `ConfigError` if the stream has other
   * settings, and with an `AuthenticationError` if the broker refuses the login.
   */
  async run({ signal }: { signal?: AbortSignal | null } = {}): Promise<void> {
    // It refuses what is no signal, and lets go of the signal at the end.
    const aborter = new Aborter(signal);
    aborter.controller.signal.addEventListener('abort', () => this.stop(), { once: true });
    try {
      await this.#value(() => this.#courier.run());
    } finally {
      aborter.forget();
    }
  }

  /** Ends `run()`, or the next one if none is running. */
  stop(): void {
    this.#courier.stop();
  }

  /** The counters. `pending`, `parked` and `dead` are those of the stream, for all couriers. */
  async stats(): Promise<CourierStats> {
    return camelCased(await this.#value(() => this.#courier.stats())) as CourierStats;
  }

  /** The records that wait in the stream: those of the partitions as they were published, then the parked ones; at most 1,000. */
  async pending(): Promise<PendingRecord[]> {
    return camelCased(await this.#value(() => this.#courier.pending())) as PendingRecord[];
  }

  /** The records that were given up, in that order; at most 1,000. */
  async deadLetters(): Promise<DeadLetter[]> {
    return lettersOf(await this.#value(() => this.#courier.deadLetters()));
  }

  /** Publishes a dead letter again, behind all others of its conversation; false if there is none with this id. */
  requeue(id: string): Promise<boolean> {
    return this.#value(() => this.#courier.requeue(String(id)));
  }

  /**
   * Removes a dead letter, or a parked record; false if there is none with this id. A record that waits in its partition stays.
   */
  discard(id: string): Promise<boolean> {
    return this.#value(() => this.#courier.discard(String(id)));
  }

  async #value<T>(start: () => Call): Promise<T> {
    return new ActiveCall(start, undefined, { courier: this, functions: this.#functions }).value<T>();
  }
}

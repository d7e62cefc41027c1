/** The part of the native binding for NATS brokers, as `src/nats.rs` makes it. */

import type { Call, Host, Store } from './native.js';

/** Publishes the records of an outbox. */
export declare class NatsSink {
  /** A sink for the broker with these settings, which are JSON. Nothing is sent. */
  constructor(settings: string)
}

/** Delivers the records of a stream. */
export declare class Courier {
  /**
   * A courier of the broker with these settings, and with its own, both as JSON. It delivers by the host's function with this
   * number, or to a store; tokens come from the function with the other number.
   */
  constructor(broker: string, settings: string, host?: Host | undefined | null, sink?: number | undefined | null, store?: Store | undefined | null, tokenProvider?: number | undefined | null)
  /** Delivers until `stop`. */
  run(): Call
  /** Ends the current run, or the next one. */
  stop(): void
  /** True while it runs and the broker is connected. */
  isReady(): boolean
  /** The counters. */
  stats(): Call
  /** The pending records. */
  pending(): Call
  /** The dead letters. */
  deadLetters(): Call
  /** Publishes a dead letter again. */
  requeue(id: string): Call
  /** Removes a dead letter, or a parked record. */
  discard(id: string): Call
}

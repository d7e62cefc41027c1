/** The sink that publishes an outbox's records to a NATS broker. */

import { fromThrown } from './core-error.js';
import { native } from './native.js';
import type { NatsSettings } from './settings.js';
import { settingsJson } from './settings-json.js';

/** The settings of a broker besides its URL. */
export type NatsOptions = Omit<NatsSettings, 'url'>;

/** The native side of a sink of a broker; `undefined` for anything else. */
export let natsOf: (sink: unknown) => InstanceType<typeof native.NatsSink> | undefined;

/**
 * Publishes the records of an outbox to a NATS broker, from which a `Courier` of any process delivers them.
 *
 * A record counts as delivered when the broker has stored it. While the broker is not reached, or is full, records wait in the
 * outbox. The first record connects.
 */
export class NatsSink {
  readonly #sink: InstanceType<typeof native.NatsSink>;

  static {
    natsOf = (sink) => (typeof sink === 'object' && sink !== null && #sink in sink ? sink.#sink : undefined);
  }

  /** A sink for this broker, which is not contacted yet. The servers of a cluster are separated by commas. */
  constructor(url: string, options: NatsOptions = {}) {
    try {
      this.#sink = new native.NatsSink(settingsJson({ ...options, url }));
    } catch (error) {
      throw fromThrown(error);
    }
  }
}

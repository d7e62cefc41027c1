/** A store of any kind, as engines of turns and outboxes take it. */

import { native } from './native.js';

type Store = InstanceType<typeof native.Store>;

/** The native side of a store; `undefined` for anything else. */
export let storeOf: (store: unknown) => Store | undefined;

/** The base of all stores. */
export abstract class AnyStore {
  readonly #handle: () => Store;

  static {
    storeOf = (store) => (typeof store === 'object' && store !== null && #handle in store ? store.#handle() : undefined);
  }

  constructor(handle: () => Store) {
    this.#handle = handle;
  }
}

/** A store of any kind, as engines of turns and outboxes take it. */

import type { Hosted } from './host.js';
import { native } from './native.js';

type Store = InstanceType<typeof native.Store>;

/** The native side of a store; `undefined` for anything else. */
export let storeOf: (store: unknown) => Store | undefined;

/** The function that a store asks for tokens. Whoever uses the store's native side keeps it. */
export let providerOf: (store: unknown) => Hosted | undefined;

/** The base of all stores. */
export abstract class AnyStore {
  readonly #handle: () => Store;
  readonly #provider: Hosted | undefined;

  static {
    const isStore = (store: unknown): store is AnyStore => typeof store === 'object' && store !== null && #handle in store;
    storeOf = (store) => (isStore(store) ? store.#handle() : undefined);
    providerOf = (store) => (isStore(store) ? store.#provider : undefined);
  }

  constructor(handle: () => Store, provider?: Hosted) {
    this.#handle = handle;
    this.#provider = provider;
  }
}

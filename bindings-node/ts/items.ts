/** The one way in which the items of a native stream are read: chunks and events as an iterator, bytes as a readable stream. */

import type { ActiveCall } from './active-call.js';
import { APIUserAbortError } from './errors.js';

/** Items that have arrived together. */
export interface Batch<Item> {
  /** The next item; `undefined` after the last. */
  next(): Item | undefined;
}

/** Items that need no unpacking. */
export class ListBatch<Item> implements Batch<Item> {
  #items: Item[];
  #next = 0;

  constructor(items: Item[]) {
    this.#items = items;
  }

  next(): Item | undefined {
    return this.#items[this.#next++];
  }
}

/**
 * The items, one by one. Written out instead of an async generator: an item that has arrived costs one promise, and
 * `return()` closes the connection at once, also while a `next()` waits.
 */
export class Items<Wire, Item> implements AsyncIterableIterator<Item> {
  #call: ActiveCall;
  #unpack: (items: Wire[]) => Batch<Item>;
  #batch: Batch<Item> | undefined;
  #ended = false;
  /** The last `next()` that waits; later ones queue behind it. */
  #waiting: Promise<unknown> | undefined;

  constructor(call: ActiveCall, unpack: (items: Wire[]) => Batch<Item>) {
    this.#call = call;
    this.#unpack = unpack;
  }

  next(): Promise<IteratorResult<Item>> {
    if (this.#waiting === undefined && !this.#call.aborted) {
      const value = this.#batch?.next();
      if (value) return Promise.resolve({ value, done: false });
    }
    const fetch = () => this.#fetch();
    const result = this.#waiting ? this.#waiting.then(fetch, fetch) : fetch();
    this.#waiting = result;
    const settled = () => {
      if (this.#waiting === result) this.#waiting = undefined;
    };
    result.then(settled, settled);
    return result;
  }

  return(): Promise<IteratorResult<Item>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#call.close();
    }
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #fetch(): Promise<IteratorResult<Item>> {
    let value = this.#batch?.next();
    try {
      while (!value && !this.#ended && !this.#call.aborted) {
        this.#batch = undefined;
        const items = await this.#call.items<Wire>();
        if (items) this.#batch = this.#unpack(items);
        else this.#ended = true;
        value = this.#batch?.next();
      }
    } catch (error) {
      this.#ended = true;
      if (!isOwnAbort(error, this.#call)) throw error;
    }
    if (this.#call.aborted) this.#call.over();
    if (!value || this.#ended || this.#call.aborted) return { value: undefined, done: true };
    return { value, done: false };
  }
}

/** The bytes of a call, as they arrive. Nothing is read before somebody reads the stream. An abort is an error, as for `fetch`. */
export function bytesOf(call: ActiveCall): ReadableStream<Uint8Array> {
  return pulled(call, () => call.bytes());
}

/** The same, but an abort ends the bytes without an error: nobody listens for one on the body of a response whose client is gone. */
export function quietBytesOf(call: ActiveCall): ReadableStream<Uint8Array> {
  return pulled(call, () =>
    call.bytes().catch((error) => {
      if (!isOwnAbort(error, call)) throw error;
      return undefined;
    }),
  );
}

function pulled(call: ActiveCall, next: () => Promise<Uint8Array | undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      pull: async (sink) => {
        const bytes = await next();
        if (bytes) sink.enqueue(bytes);
        else sink.close();
      },
      cancel: () => call.close(),
    },
    { highWaterMark: 0 },
  );
}

/** True if the reader itself aborted the call: it gets the end of the items, not an error. */
function isOwnAbort(error: unknown, call: ActiveCall): boolean {
  return call.aborted && error instanceof APIUserAbortError;
}

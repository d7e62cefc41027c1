/** The one way in which the items of a native stream are read: chunks and events as an iterator, bytes as a readable stream. */

import type { ActiveCall } from './active-call.js';
import { APIUserAbortError } from './errors.js';
import type { Raise } from './opened.js';
import { Queue } from './queue.js';

/** Items that have arrived and are not read yet. */
export interface Batch<Wire, Item> {
  /** Adds items, when there are none left. */
  add(items: Wire[]): void;
  /** The next item; `undefined` after the last. */
  next(): Item | undefined;
}

/** Items that need no unpacking. */
export class ListBatch<Item> implements Batch<Item, Item> {
  #items: Item[] = [];
  #next = 0;

  add(items: Item[]): void {
    this.#items = items;
    this.#next = 0;
  }

  next(): Item | undefined {
    return this.#items[this.#next++];
  }
}

/** A `next()` that waits. */
interface Reader<Item> {
  resolve: (result: IteratorResult<Item>) => void;
  reject: (error: unknown) => void;
}

/**
 * The items, one by one. Written out instead of an async generator: an item costs one promise, whether it has arrived or is
 * waited for, and `return()` closes the connection at once, also while a `next()` waits.
 */
export class Items<Wire, Item> implements AsyncIterableIterator<Item> {
  #call: ActiveCall;
  #batch: Batch<Wire, Item>;
  #raise: Raise | undefined;
  #readers = new Queue<Reader<Item>>();
  #isFetching = false;
  #ended = false;

  /** Errors pass through `raise`. */
  constructor(call: ActiveCall, batch: Batch<Wire, Item>, raise?: Raise) {
    this.#call = call;
    this.#batch = batch;
    this.#raise = raise;
  }

  next(): Promise<IteratorResult<Item>> {
    if (this.#readers.isEmpty && !this.#isOver) {
      const value = this.#batch.next();
      if (value) return Promise.resolve({ value, done: false });
    }
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      if (!this.#isFetching) this.#serve();
    });
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

  get #isOver(): boolean {
    return this.#ended || this.#call.aborted;
  }

  /** Gives the readers their items, and fetches more when there are too few. */
  #serve(): void {
    while (!this.#readers.isEmpty) {
      const value = this.#isOver ? undefined : this.#batch.next();
      if (value) {
        this.#readers.shift()!.resolve({ value, done: false });
      } else if (this.#isOver) {
        if (this.#call.aborted) this.#call.over();
        this.#readers.shift()!.resolve({ value: undefined, done: true });
      } else {
        this.#isFetching = true;
        this.#call.items(this.#received, this.#failed);
        return;
      }
    }
  }

  #received = (items: Wire[] | undefined): void => {
    this.#isFetching = false;
    if (items) this.#batch.add(items);
    else this.#ended = true;
    this.#serve();
  };

  #failed = (error: unknown): void => {
    this.#isFetching = false;
    this.#ended = true;
    if (!isOwnAbort(error, this.#call)) this.#readers.shift()?.reject(this.#raise ? this.#raise(error) : error);
    this.#serve();
  };
}

/**
 * The bytes of a call, as they arrive. Nothing is read before somebody reads the stream. An abort is an error, as for `fetch`.
 * Errors pass through `raise`.
 */
export function bytesOf(call: ActiveCall, raise?: Raise): ReadableStream<Uint8Array> {
  return pulled(call, (error) => {
    throw raise ? raise(error) : error;
  });
}

/** The same, but an abort ends the bytes without an error: nobody listens for one on the body of a response whose client is gone. */
export function quietBytesOf(call: ActiveCall): ReadableStream<Uint8Array> {
  return pulled(call, (error) => {
    if (!isOwnAbort(error, call)) throw error;
  });
}

function pulled(call: ActiveCall, failed: (error: unknown) => undefined): ReadableStream<Uint8Array> {
  let isBegun = false;
  return new ReadableStream(
    {
      pull(sink) {
        if (!isBegun) call.readBytes();
        isBegun = true;
        const received = (bytes: Uint8Array | undefined) => (bytes ? sink.enqueue(bytes) : sink.close());
        return call.piece<Uint8Array>().then(received, (error) => received(failed(error)));
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

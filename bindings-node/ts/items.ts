/** The iterator over the items of a native stream: chunks, events, or pieces of bytes. */

import type { ActiveCall } from './active-call.js';
import { APIUserAbortError } from './errors.js';
import type { Raise } from './opened.js';
import { Queue } from './queue.js';

/** Items that have arrived and are not read yet. */
export interface Batch<Handed, Item> {
  /** Adds items, when there are none left. */
  add(items: Handed): void;
  /** The next item; `undefined` after the last. */
  next(): Item | undefined;
}

/** Items that need no unpacking. */
export class ListBatch<Item> implements Batch<Item[], Item> {
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
export class Items<Handed extends Uint8Array | unknown[], Item> implements AsyncIterableIterator<Item> {
  #call: ActiveCall;
  #batch: Batch<Handed, Item>;
  #raise: Raise | undefined;
  #onEnd: ((error?: unknown) => void) | undefined;
  #readers = new Queue<Reader<Item>>();
  #isFetching = false;
  #ended = false;

  /** Errors pass through `raise`. After the last item `onEnd` is called, with the error if there was one. */
  constructor(call: ActiveCall, batch: Batch<Handed, Item>, raise?: Raise, onEnd?: (error?: unknown) => void) {
    this.#call = call;
    this.#batch = batch;
    this.#raise = raise;
    this.#onEnd = onEnd;
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
      this.#call.close();
      this.#end();
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
        this.#end();
        this.#readers.shift()!.resolve({ value: undefined, done: true });
      } else {
        this.#isFetching = true;
        this.#call.items(this.#received, this.#failed);
        return;
      }
    }
  }

  #received = (items: Handed | undefined): void => {
    this.#isFetching = false;
    if (items) this.#batch.add(items);
    else this.#end();
    this.#serve();
  };

  #failed = (error: unknown): void => {
    this.#isFetching = false;
    if (!isOwnAbort(error, this.#call)) {
      const raised = this.#raise ? this.#raise(error) : error;
      this.#end(raised);
      this.#readers.shift()?.reject(raised);
    }
    this.#end();
    this.#serve();
  };

  #end(error?: unknown): void {
    if (!this.#ended) this.#onEnd?.(error);
    this.#ended = true;
  }
}

/** True if the reader itself aborted the call: it gets the end of the items, not an error. */
export function isOwnAbort(error: unknown, call: ActiveCall): boolean {
  return call.aborted && error instanceof APIUserAbortError;
}

/** A reply while it is made, as an async iterable. */

import { APIUserAbortError, InvalidRequestError } from './errors.js';
import { Queue } from './queue.js';
import { Run } from './run.js';
import type { Running } from './running.js';
import type { ChatCompletionChunk } from './types.js';
import type { Batch } from './wire.js';

export class Stream<Item> implements AsyncIterable<Item> {
  #iterate: () => AsyncIterator<Item>;

  constructor(
    iterate: () => AsyncIterator<Item>,
    /** Aborting it ends the stream and closes its connection. */
    readonly controller: AbortController,
  ) {
    this.#iterate = iterate;
  }

  /** A stream from what `toReadableStream()` gives: JSON values, one a line. */
  static fromReadableStream<Item>(
    readable: ReadableStream<Uint8Array>,
    controller: AbortController,
  ): Stream<Item> {
    return streamOver(once(() => lines<Item>(readable, controller)), controller);
  }

  [Symbol.asyncIterator](): AsyncIterator<Item> {
    return this.#iterate();
  }

  /** Ends the stream and closes its connection. */
  close(): void {
    this.controller.abort();
  }

  /**
   * Two streams of the same items, to be read at different speeds; what one has not read yet is kept. When both have
   * been left, the connection closes.
   */
  tee(): [Stream<Item>, Stream<Item>] {
    const [left, right] = split(this.#iterate());
    return [streamOver(left, this.controller), streamOver(right, this.controller)];
  }

  /** The items as JSON, one a line: for a response to a browser, say. */
  toReadableStream(): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let iterator: AsyncIterator<Item>;
    return new ReadableStream({
      start: () => {
        iterator = this[Symbol.asyncIterator]();
      },
      pull: async (sink) => {
        const { value, done } = await iterator.next();
        if (done) return sink.close();
        sink.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      },
      cancel: async () => {
        await iterator.return?.();
      },
    });
  }
}

/** A stream; the class cannot name itself without bundlers changing its name. */
function streamOver<Item>(iterate: () => AsyncIterator<Item>, controller: AbortController): Stream<Item> {
  return new Stream(iterate, controller);
}

/** The stream of a call whose response has begun. */
export function streamOf(running: Running): Stream<ChatCompletionChunk> {
  return new Stream(once(() => new Chunks(running)), running.controller);
}

/** The body of a call whose response has begun, as it comes. */
export function bytesOf(running: Running): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      pull: async (sink) => {
        const bytes = await running.bytes();
        if (bytes) sink.enqueue(bytes);
        else sink.close();
      },
      cancel: () => {
        running.controller.abort();
        running.over();
      },
    },
    // Nothing is read before somebody reads it: until then the chunks can be had in its place.
    { highWaterMark: 0 },
  );
}

/** Two iterators over the items of one. */
function split<Item>(source: AsyncIterator<Item>): [() => AsyncIterator<Item>, () => AsyncIterator<Item>] {
  type Next = Promise<IteratorResult<Item>>;
  type Side = { queue: Queue<Next>; isLeft: boolean };
  const sides: [Side, Side] = [
    { queue: new Queue(), isLeft: false },
    { queue: new Queue(), isLeft: false },
  ];
  const end: IteratorResult<Item> = { value: undefined, done: true };
  const iterator = (side: Side): AsyncIterator<Item> => ({
    next: (): Next => {
      if (side.isLeft) return Promise.resolve(end);
      const kept = side.queue.shift();
      if (kept) return kept;
      const next = source.next();
      for (const other of sides) if (other !== side && !other.isLeft) other.queue.push(next);
      return next;
    },
    return: async () => {
      side.isLeft = true;
      side.queue.clear();
      if (sides.every(({ isLeft }) => isLeft)) await source.return?.();
      return end;
    },
  });
  return [() => iterator(sides[0]), () => iterator(sides[1])];
}

/** Lets only one iterator have the items; another one fails with what to do instead. */
function once<Item>(iterate: () => AsyncIterator<Item>): () => AsyncIterator<Item> {
  let consumed = false;
  return () => {
    if (consumed) {
      const why = 'Cannot iterate over a consumed stream, use `.tee()` to split the stream.';
      return { next: () => Promise.reject(new InvalidRequestError(why)) };
    }
    consumed = true;
    return iterate();
  };
}

/**
 * The chunks, one by one. Written out instead of an async generator: a chunk that is there costs one promise,
 * and `return()` closes the connection at once, also while a `next()` waits.
 */
class Chunks implements AsyncIterableIterator<ChatCompletionChunk> {
  #running: Running;
  #batch: Batch = [];
  #next = 0;
  #run: Run | undefined;
  #ended = false;
  /** The last `next()` that waits: those after it come after it. */
  #waiting: Promise<unknown> | undefined;

  constructor(running: Running) {
    this.#running = running;
  }

  next(): Promise<IteratorResult<ChatCompletionChunk>> {
    if (this.#waiting === undefined && !this.#running.aborted) {
      const value = this.#take();
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

  return(): Promise<IteratorResult<ChatCompletionChunk>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#running.controller.abort();
      this.#running.over();
    }
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next chunk of those at hand. */
  #take(): ChatCompletionChunk | undefined {
    const chunk = this.#run?.next();
    if (chunk) return chunk;
    this.#run = undefined;
    const part = this.#batch[this.#next++];
    if (!Array.isArray(part)) return part;
    this.#run = new Run(part);
    return this.#run.next();
  }

  async #fetch(): Promise<IteratorResult<ChatCompletionChunk>> {
    let value = this.#take();
    try {
      while (!value && !this.#ended && !this.#running.aborted) {
        this.#batch = [];
        this.#next = 0;
        const batch = await this.#running.batch();
        if (batch) this.#batch = batch;
        else this.#ended = true;
        value = this.#take();
      }
    } catch (error) {
      this.#ended = true;
      // Whoever aborts a stream gets its end, not an error.
      if (!(error instanceof APIUserAbortError && this.#running.aborted)) throw error;
    }
    if (this.#running.aborted) this.#running.over();
    if (!value || this.#ended || this.#running.aborted) return { value: undefined, done: true };
    return { value, done: false };
  }
}

async function* lines<Item>(
  readable: ReadableStream<Uint8Array>,
  controller: AbortController,
): AsyncGenerator<Item> {
  const reader = readable.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  controller.signal.addEventListener('abort', cancel, { once: true });
  const decoder = new TextDecoder();
  let done = controller.signal.aborted;
  let rest = '';
  try {
    while (!done) {
      const read = await reader.read();
      done = read.done;
      rest += done ? decoder.decode() : decoder.decode(read.value, { stream: true });
      const found = rest.split('\n');
      rest = done ? '' : (found.pop() ?? '');
      for (const line of found) {
        if (controller.signal.aborted) return;
        if (line.trim()) yield JSON.parse(line) as Item;
      }
    }
  } finally {
    controller.signal.removeEventListener('abort', cancel);
    if (!done) controller.abort();
    reader.releaseLock();
  }
}

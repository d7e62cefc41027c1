/** A streamed reply, as an async iterable. */

import type { ActiveCall } from './active-call.js';
import { ChunkBatch } from './chunks.js';
import { InvalidRequestError } from './errors.js';
import { Items } from './items.js';
import type { Raise } from './opened.js';
import { Queue } from './queue.js';
import type { ChatCompletionChunk } from './types.js';

export class Stream<Item> implements AsyncIterable<Item> {
  #iterate: () => AsyncIterator<Item>;

  constructor(
    iterate: () => AsyncIterator<Item>,
    /** Aborting it ends the stream and closes its connection. */
    readonly controller: AbortController,
  ) {
    this.#iterate = iterate;
  }

  /** A stream from the output of `toReadableStream()`: JSON values, one a line. */
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
   * Two streams of the same items, which may be read at different speeds: items that one has not read yet are kept. When
   * both have been closed, the connection closes.
   */
  tee(): [Stream<Item>, Stream<Item>] {
    const [left, right] = split(this.#iterate());
    return [streamOver(left, this.controller), streamOver(right, this.controller)];
  }

  /** The items as JSON, one a line: for example the response to a browser. */
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

/** A new stream. If the class named itself, bundlers would rename it. */
function streamOver<Item>(iterate: () => AsyncIterator<Item>, controller: AbortController): Stream<Item> {
  return new Stream(iterate, controller);
}

/** The chunks of a call that has been answered. Its errors pass through `raise`. */
export function streamOf(call: ActiveCall, raise?: Raise): Stream<ChatCompletionChunk> {
  return new Stream(once(() => new Items(call, new ChunkBatch(), raise), raise), call.controller);
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

/** Gives the items to one iterator only; another one fails with the alternative. */
function once<Item>(iterate: () => AsyncIterator<Item>, raise?: Raise): () => AsyncIterator<Item> {
  let consumed = false;
  return () => {
    if (consumed) {
      const why = 'Cannot iterate over a consumed stream, use `.tee()` to split the stream.';
      const error = new InvalidRequestError(why);
      return { next: () => Promise.reject(raise ? raise(error) : error) };
    }
    consumed = true;
    return iterate();
  };
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

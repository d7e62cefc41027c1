/** The bytes of a call as the web's stream. */

import type { ActiveCall } from './active-call.js';
import { isOwnAbort, Items, type Batch } from './items.js';
import type { Raise } from './opened.js';

/**
 * The bytes of a call, as they arrive. Nothing is read before somebody reads the stream. An abort is an error, as for `fetch`.
 * Errors pass through `raise`.
 */
export function bytesOf(call: ActiveCall, raise?: Raise): ReadableStream<Uint8Array> {
  return new Pulled(call, (error) => (raise ? raise(error) : error)).stream;
}

/**
 * The same, but an abort ends the bytes without an error: nobody listens for one on the body of a response whose client is gone.
 * A loop over the stream reads straight from the call, since the web's iterator makes several promises for each piece.
 */
export function quietBytesOf(call: ActiveCall): ReadableStream<Uint8Array> {
  const pulled = new Pulled(call, (error) => (isOwnAbort(error, call) ? undefined : error));
  const values = { value: (options?: { preventCancel?: boolean }) => pulled.values(options), writable: true, configurable: true };
  return Object.defineProperties(pulled.stream, { values, [Symbol.asyncIterator]: values });
}

class Pulled {
  readonly stream: ReadableStream<Uint8Array>;
  #call: ActiveCall;
  #sink!: ReadableStreamDefaultController<Uint8Array>;
  #isBegun = false;

  /** An error is raised as `raised` returns it; `undefined` ends the bytes well. */
  constructor(call: ActiveCall, raised: (error: unknown) => unknown) {
    this.#call = call;
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (sink) => {
          this.#sink = sink;
        },
        pull: (sink) => {
          this.#begin();
          const received = (bytes: Uint8Array | undefined) => (bytes ? sink.enqueue(bytes) : sink.close());
          return call.piece<Uint8Array>().then(received, (error) => {
            const why = raised(error);
            if (why) throw why;
            sink.close();
          });
        },
        cancel: () => call.close(),
      },
      { highWaterMark: 0 },
    );
  }

  /** The pieces, in place of the stream's own iterator. */
  values(options?: { preventCancel?: boolean }): AsyncIterableIterator<Uint8Array> {
    const { stream } = this;
    // A piece that was pulled before is in the stream.
    if (this.#isBegun || options?.preventCancel) return ReadableStream.prototype.values.call(stream, options);
    const reader = stream.getReader();
    this.#begin();
    const ended = (error?: unknown) => {
      if (error) this.#sink.error(error);
      else this.#sink.close();
      reader.releaseLock();
    };
    return new Items(this.#call, new OnePiece(), undefined, ended);
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.#call.readBytes();
  }
}

class OnePiece implements Batch<Uint8Array, Uint8Array> {
  #piece: Uint8Array | undefined;

  add(piece: Uint8Array): void {
    this.#piece = piece;
  }

  next(): Uint8Array | undefined {
    const piece = this.#piece;
    this.#piece = undefined;
    return piece;
  }
}

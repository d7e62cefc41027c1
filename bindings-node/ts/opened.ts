/** A response that has begun, on its way to a promise's result. */

import type { Head } from './wire.js';

/** Changes an error into the one to throw. */
export type Raise = (error: unknown) => unknown;

/** A response that has begun: its head, its body, and the function that reads its result. */
export interface Opened<T> {
  head: Head;
  /** The body as received; `null` for a stream that is read as chunks. Errors of a stream pass through `raise`, here and in `read`. */
  body: (raise?: Raise) => string | ReadableStream<Uint8Array> | null;
  read: (raise?: Raise) => T;
  /** The response, where it is the result itself. */
  response?: (raise?: Raise) => Response;
}

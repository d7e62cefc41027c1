/** What the native side hands over: JSON of these shapes. */

import type { CoreError } from './errors.js';

export type HeaderPairs = [string, string][];

/** A batch of chunks. */
export type Batch = unknown[];

/** The head of a response, with the body where that came whole. */
export interface Head {
  headers: HeaderPairs;
  body?: unknown;
}

/** What a call has given. */
export type Taken = Batch | (Partial<Head> & { end?: true; error?: CoreError });

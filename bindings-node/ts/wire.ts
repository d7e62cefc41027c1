/** What the native side hands over: JSON of these shapes. */

import type { CoreError } from './errors.js';
import type { ChatCompletionChunk } from './types.js';

export type HeaderPairs = [string, string][];

/** A chunk of the shape that many have, whether they have padding, and each one's text, followed by its padding if any. */
export type RunOfChunks = [ChatCompletionChunk, boolean, ...string[]];

/** A batch of chunks. */
export type Batch = (ChatCompletionChunk | RunOfChunks)[];

/** The head of a response, with the body where that came whole. */
export interface Head {
  headers: HeaderPairs;
  body?: unknown;
}

/** What a call has given. */
export type Taken = Batch | (Partial<Head> & { end?: true; error?: CoreError });

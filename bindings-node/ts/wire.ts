/** What the native side hands over: JSON of these shapes. */

import type { CoreError } from './core-error.js';
import type { ChatCompletionChunk } from './types.js';

export type HeaderPairs = [string, string][];

/** A chunk of the shape that many have, whether they have padding, and each one's text, followed by its padding if any. */
export type RunOfChunks = [ChatCompletionChunk, boolean, ...string[]];

/** A batch of chunks. */
export type Batch = (ChatCompletionChunk | RunOfChunks)[];

/** The head of a response. */
export interface Head {
  status: number;
  url: string | null;
  headers: HeaderPairs;
}

/** A response that has begun, with the text of its body where that came whole. */
export interface Begun {
  head: Head;
  text?: string;
}

/** What a call has given. */
export type Taken = Batch | (Partial<Begun> & { end?: true; error?: CoreError });

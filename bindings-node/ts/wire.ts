/** The JSON that comes from the native side. */

import type { ErrorCode } from './turnwire-error.js';
import type { ChatCompletionChunk } from './types.js';

export type HeaderPairs = [string, string][];

/** An error of core's. */
export interface CoreError {
  code: ErrorCode;
  operation: string;
  line: string;
  message: string;
  status: number | null;
  headers: HeaderPairs | null;
  request_id: string | null;
  retryable: boolean;
  /** Seconds. */
  retry_after: number | null;
  attempts: number;
  partial: string | null;
  api: { message: string; [field: string]: any } | null;
  body: string | null;
}

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

/** The next result of a call. */
export type Taken = Batch | (Partial<Begun> & { end?: true; error?: CoreError });

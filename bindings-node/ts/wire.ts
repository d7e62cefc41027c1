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
  usage: { prompt_tokens: number | null; completion_tokens: number | null; total_tokens: number | null } | null;
  api: { message: string; [field: string]: any } | null;
  body: string | null;
}

/** The steps from a chunk to a value in it. */
export type Path = (string | number)[];

export type Literal = string | number;

/** A shape of chunks: one of them, and the places of the literals that vary. */
export interface NewShape {
  chunk: ChatCompletionChunk;
  holes: Path[];
}

/** Chunks of one shape: the shape, or `null` if it is that of the run before, and then the literals of each chunk. */
export type RunOfChunks = [NewShape | null, ...Literal[]];

/** A chunk, or several of one shape. */
export type ChunkItem = ChatCompletionChunk | RunOfChunks;

/** The head of a response. */
export interface Head {
  status: number;
  url: string | null;
  headers: HeaderPairs;
}

/** The answer of a call: the head of its response if there was one, and its value as JSON text, unless it is a stream. */
export interface Answered {
  head: Head | null;
  text?: string;
}

/** The next result of a call: items, its answer, its end or its error, with the number of the program's exception that caused it. */
export type Taken = any[] | (Partial<Answered> & { end?: true; error?: CoreError; raised?: number });

/** Chunks as they come from the native side: those of one shape are built when they are read, from the shape and each one's text. */

import type { Batch } from './items.js';
import type { ChatCompletionChunk } from './types.js';
import type { ChunkItem, RunOfChunks } from './wire.js';

/** A batch of chunks. */
export class ChunkBatch implements Batch<ChatCompletionChunk> {
  #items: ChunkItem[];
  #next = 0;
  #run: Run | undefined;

  constructor(items: ChunkItem[]) {
    this.#items = items;
  }

  next(): ChatCompletionChunk | undefined {
    const chunk = this.#run?.next();
    if (chunk) return chunk;
    this.#run = undefined;
    const item = this.#items[this.#next++];
    if (!Array.isArray(item)) return item;
    this.#run = new Run(item);
    return this.#run.next();
  }
}

/** Consecutive chunks of one shape. */
class Run {
  #shape: ChatCompletionChunk;
  /** The texts, each followed by its padding if the chunks have any. */
  #new: RunOfChunks;
  #next = 2;
  #padded: boolean;
  #nested: boolean;

  constructor(run: RunOfChunks) {
    this.#shape = run[0];
    this.#padded = run[1];
    this.#new = run;
    this.#nested = hasMoreObjects(run[0]);
  }

  /** The next chunk; `undefined` after the last. Each is its reader's own. */
  next(): ChatCompletionChunk | undefined {
    if (this.#next >= this.#new.length) return undefined;
    const shape = this.#nested ? copy(this.#shape) : this.#shape;
    const content = this.#new[this.#next++] as string;
    const choice = shape.choices[0]!;
    const chunk: ChatCompletionChunk = { ...shape, choices: [{ ...choice, delta: { ...choice.delta, content } }] };
    if (this.#padded) chunk.obfuscation = this.#new[this.#next++] as string;
    return chunk;
  }
}

/** True if the shape has objects beyond those of every text chunk: spreading would share them. */
function hasMoreObjects(shape: ChatCompletionChunk): boolean {
  const { choices, ...rest } = shape;
  const { delta, ...choice } = choices[0]!;
  return [rest, choice, delta].flatMap((part) => Object.values(part)).some(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function copy<T>(value: T): T {
  const made = (Array.isArray(value) ? [...value] : { ...value }) as T;
  for (const key in made) {
    if (isObject(made[key])) made[key] = copy(made[key]);
  }
  return made;
}

/** Chunks as they come from the native side: those of one shape are built when they are read, from the shape and the literals of each. */

import type { Batch } from './items.js';
import type { ChatCompletionChunk } from './types.js';
import type { ChunkItem, Literal, NewShape, Path, RunOfChunks } from './wire.js';

/** The chunks of a stream. */
export class ChunkBatch implements Batch<ChunkItem, ChatCompletionChunk> {
  #items: ChunkItem[] = [];
  #next = 0;
  /** The run that is being read. */
  #run: RunOfChunks | undefined;
  #nextLiteral = 0;
  /** The shape of the last run. */
  #shape: Shape | undefined;

  add(items: ChunkItem[]): void {
    this.#items = items;
    this.#next = 0;
  }

  next(): ChatCompletionChunk | undefined {
    const run = this.#run;
    if (run && this.#nextLiteral < run.length) {
      const shape = this.#shape!;
      const chunk = shape.chunk(run as Literal[], this.#nextLiteral);
      this.#nextLiteral += shape.width;
      return chunk;
    }
    this.#run = undefined;
    const item = this.#items[this.#next++];
    if (!Array.isArray(item)) return item;
    const [shape] = item;
    if (shape) this.#shape = new Shape(shape);
    this.#run = item;
    this.#nextLiteral = 1;
    return this.next();
  }
}

/** Chunks that differ in a few literals. */
class Shape {
  /** The number of literals in a chunk. */
  readonly width: number;
  #example: ChatCompletionChunk;
  #holes: Path[];
  /** The objects and lists beyond those of every chunk with text. */
  #inner: Path[];

  constructor({ chunk, holes }: NewShape) {
    this.width = holes.length;
    this.#example = chunk;
    this.#holes = holes;
    this.#inner = innerObjects(chunk);
  }

  /** The chunk with the literals from this position on. It shares nothing with other chunks. */
  chunk(literals: Literal[], at: number): ChatCompletionChunk {
    const example = this.#example;
    const choice = example.choices[0]!;
    // Objects that are copied here, and not by a function for all, keep their hidden class.
    const chunk: ChatCompletionChunk = { ...example, choices: [{ ...choice, delta: { ...choice.delta } }] };
    for (const path of this.#inner) set(chunk, path, copy(get(chunk, path, path.length)));
    for (const path of this.#holes) set(chunk, path, literals[at++]);
    return chunk;
  }
}

/** The paths of the outermost objects and lists of a chunk, except those of every chunk with text. */
function innerObjects(chunk: ChatCompletionChunk): Path[] {
  const { choices, ...rest } = chunk;
  const { delta, ...choice } = choices[0]!;
  const parts: [Path, object][] = [[[], rest], [['choices', 0], choice], [['choices', 0, 'delta'], delta]];
  return parts.flatMap(([path, part]) =>
    Object.entries(part)
      .filter(([, value]) => isObject(value))
      .map(([name]) => [...path, name]),
  );
}

function set(within: any, path: Path, value: unknown): void {
  const last = path.length - 1;
  get(within, path, last)[path[last]!] = value;
}

/** The value at the first steps of a path. */
function get(within: any, path: Path, steps: number): any {
  for (let step = 0; step < steps; step += 1) within = within[path[step]!];
  return within;
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

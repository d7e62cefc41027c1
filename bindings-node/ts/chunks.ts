/** Chunks as they come from the native side: those of one shape are built when they are read, from the shape and the literals of each. */

import type { Batch } from './items.js';
import type { ChatCompletionChunk } from './types.js';
import type { ChunkItem, Literal, NewShape, Path, RunOfChunks } from './wire.js';

/** The chunks of a stream. */
export class ChunkBatch implements Batch<ChunkItem[], ChatCompletionChunk> {
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

const CALLS: Path = ['choices', 0, 'delta', 'tool_calls'];

/** The paths of the parts of a chunk that have most of the literals, in the order of `Shape.chunk()`. */
const PARTS: Path[] = [[], ['choices', 0], ['choices', 0, 'delta'], ['usage'], [...CALLS, 0], [...CALLS, 0, 'function']];

/** The place of a literal: the number of its part, or -1, and its name there. */
interface Hole {
  path: Path;
  part: number;
  name: string | number;
}

/** Chunks that differ in a few literals. */
class Shape {
  /** The number of literals in a chunk. */
  readonly width: number;
  #example: ChatCompletionChunk;
  #holes: Hole[];
  #hasUsage: boolean;
  #hasCall: boolean;
  /** The objects and lists beyond the parts. */
  #inner: Path[];

  constructor({ chunk, holes }: NewShape) {
    const choice = chunk.choices[0]!;
    const { delta } = choice;
    const [call, ...more] = Array.isArray(delta.tool_calls) ? delta.tool_calls : [];
    this.#hasUsage = isRecord(chunk.usage);
    this.#hasCall = isRecord(call) && isRecord(call.function) && more.length === 0;
    const parts = [chunk, choice, delta, this.#hasUsage && chunk.usage, this.#hasCall && call, this.#hasCall && call?.function];
    const partAt = (path: Path) => PARTS.findIndex((part, number) => parts[number] && isSame(part, path));
    const isCopied = (path: Path) => isSame(path, ['choices']) || (this.#hasCall && isSame(path, CALLS)) || partAt(path) >= 0;
    this.width = holes.length;
    this.#example = chunk;
    this.#holes = holes.map((path) => ({ path, part: partAt(path.slice(0, -1)), name: path.at(-1)! }));
    this.#inner = PARTS.flatMap((part, number) => objectsIn(parts[number], part)).filter((path) => !isCopied(path));
  }

  /** The chunk with the literals from this position on. It shares nothing with other chunks. */
  chunk(literals: Literal[], at: number): ChatCompletionChunk {
    const example = this.#example;
    // Objects that are copied here, and not by a function for all, keep their hidden class.
    const delta = { ...example.choices[0]!.delta };
    const choice = { ...example.choices[0]!, delta };
    const chunk: ChatCompletionChunk = { ...example, choices: [choice] };
    const parts: any[] = [chunk, choice, delta, undefined, undefined, undefined];
    if (this.#hasUsage) parts[3] = chunk.usage = { ...chunk.usage! };
    if (this.#hasCall) {
      const call = (parts[4] = { ...delta.tool_calls![0]! });
      parts[5] = call.function = { ...call.function };
      delta.tool_calls = [call];
    }
    for (const path of this.#inner) set(chunk, path, copy(get(chunk, path, path.length)));
    for (const { path, part, name } of this.#holes) {
      const literal = literals[at++];
      if (part < 0) set(chunk, path, literal);
      else parts[part][name] = literal;
    }
    return chunk;
  }
}

/** The paths of the objects and lists in a part at this path. */
function objectsIn(part: unknown, path: Path): Path[] {
  const values = Object.entries(part || {});
  return values.filter(([, value]) => isObject(value)).map(([name]) => [...path, name]);
}

function isSame(left: Path, right: Path): boolean {
  return left.length === right.length && left.every((step, number) => step === right[number]);
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

/** True for an object that is no list. */
function isRecord(value: unknown): value is object {
  return isObject(value) && !Array.isArray(value);
}

function copy<T>(value: T): T {
  const made = (Array.isArray(value) ? [...value] : { ...value }) as T;
  for (const key in made) {
    if (isObject(made[key])) made[key] = copy(made[key]);
  }
  return made;
}

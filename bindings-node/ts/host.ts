/** Functions of the program that core calls. */

import { AsyncResource } from 'node:async_hooks';

import { ActiveCall } from './active-call.js';
import { keepException } from './core-error.js';
import { isError } from './errors.js';
import { Audio, type Kind } from './host-kinds.js';
import { native, type AudioWriter, type Question } from './native.js';

type Host = InstanceType<typeof native.Host>;

/** The native side of this environment, once there is a function for it. */
let host: Host | undefined;

/** Values that core names by number. Their owners keep them alive. */
class Numbered<T extends object> {
  #values = new Map<number, WeakRef<T>>();
  #dropped = new FinalizationRegistry<number>((number) => this.#values.delete(number));
  #last = 0;

  add(value: T): number {
    this.#last = (this.#last + 1) >>> 0;
    this.#values.set(this.#last, new WeakRef(value));
    this.#dropped.register(value, this.#last);
    return this.#last;
  }

  get(number: number | undefined): T | undefined {
    return number === undefined ? undefined : this.#values.get(number)?.deref();
  }
}

/** A function that core knows by number, as long as this object lives. */
export class Hosted {
  readonly host = (host ??= new native.Host(onNews));
  readonly number = functions.add(this);

  constructor(
    readonly kind: Kind<unknown>,
    readonly called: (argument: unknown, options: { signal: AbortSignal }) => unknown,
  ) {}
}

const functions = new Numbered<Hosted>();
const callers = new Numbered<AsyncResource>();

/** The calls that core still awaits. */
const running = new Map<number, AbortController>();

/** Makes a function known to core. Its owner keeps the result. */
export function hosted<Called>(kind: Kind<Called>, called: Called): Hosted {
  return new Hosted(kind, called as Hosted['called']);
}

/** The asynchronous context of the code that runs now, in which functions are called for it, and its number. */
export function caller(): [AsyncResource, number] {
  const resource = new AsyncResource('turnwire.Turn');
  return [resource, callers.add(resource)];
}

function onNews(questions: Question[], abandoned: number[]): void {
  for (const question of questions) void answer(question);
  for (const id of abandoned) {
    running.get(id)?.abort();
    // Here, too: a function that hangs never ends.
    running.delete(id);
  }
}

async function answer({ function: number, turn, id, argument }: Question): Promise<void> {
  const aborter = new AbortController();
  running.set(id, aborter);
  try {
    const hosted = functions.get(number);
    if (!hosted) throw new Error('its owner is gone');
    const { kind, called } = hosted;
    const run = async () => {
      const answer = kind.answer(await called(kind.argument(JSON.parse(argument)), { signal: aborter.signal }));
      if (answer instanceof Audio) await speak(id, answer);
      else host?.answer(id, JSON.stringify(answer));
    };
    await (callers.get(turn)?.runInAsyncScope(run) ?? run());
  } catch (error) {
    host?.fail(id, ...failure(error));
  } finally {
    running.delete(id);
  }
}

/** Answers with audio, and waits for its listener between the pieces. Leaving the loop closes its source. */
async function speak(id: number, { pieces, mediaType }: Audio): Promise<void> {
  const writer = host?.audio(id, mediaType);
  if (!writer) return;
  try {
    for await (const piece of pieces) if (!(await isHeard(writer, piece))) return;
    writer.end();
  } catch (error) {
    writer.fail(...failure(error));
  }
}

function isHeard(writer: AudioWriter, piece: unknown): Promise<boolean> {
  if (!(piece instanceof Uint8Array)) throw new TypeError(`the audio must be bytes, not ${piece === null ? 'null' : typeof piece}`);
  return new ActiveCall(() => writer.write(piece)).value<boolean>();
}

/** The words for an exception, and its number. */
function failure(error: unknown): [string, number] {
  return [worded(error), keepException(error)];
}

/** An exception in words. It may be anything: also an object whose fields throw when they are read. */
function worded(error: unknown): string {
  try {
    return isError(error) ? `${error.name}: ${error.message}` : `a value of type ${typeof error}`;
  } catch {
    return 'an exception that cannot be read';
  }
}

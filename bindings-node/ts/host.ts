/** Functions of the program that core calls while turns run. */

import { AsyncResource } from 'node:async_hooks';

import { isError } from './errors.js';
import { native, type Question } from './native.js';

/** A function from a text to a text. The signal is aborted when its result is no longer awaited. */
export type HostFunction = (text: string, options: { signal: AbortSignal }) => string | Promise<string>;

/** The native side of this environment, once there is a function for it. */
let host: InstanceType<typeof native.Host> | undefined;

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

const functions = new Numbered<HostFunction>();
const callers = new Numbered<AsyncResource>();

/** The calls that core still awaits. */
const running = new Map<number, AbortController>();

/** Makes a function known to core. */
export function hosted(called: HostFunction): [InstanceType<typeof native.Host>, number] {
  host ??= new native.Host(onNews);
  return [host, functions.add(called)];
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
    const called = functions.get(number);
    if (!called) throw new Error('its engine is gone');
    const run = () => called(argument, { signal: aborter.signal });
    const label: unknown = await (callers.get(turn)?.runInAsyncScope(run) ?? run());
    if (typeof label !== 'string') throw new TypeError(`the function must return a string, not ${label === null ? 'null' : typeof label}`);
    host?.answer(id, label);
  } catch (error) {
    host?.fail(id, worded(error));
  } finally {
    running.delete(id);
  }
}

/** An exception in words. It may be anything: also an object whose fields throw when they are read. */
function worded(error: unknown): string {
  try {
    return isError(error) ? `${error.name}: ${error.message}` : `a value of type ${typeof error}`;
  } catch {
    return 'an exception that cannot be read';
  }
}

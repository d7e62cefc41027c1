/** A base class that emits events and can be awaited. */

import { setImmediate } from 'node:timers';

import { APIUserAbortError, isError, OpenAIError } from './errors.js';

/** The events that end every such stream. */
export interface BaseEvents {
  connect: () => void;
  error: (error: OpenAIError) => void;
  abort: (error: APIUserAbortError) => void;
  end: () => void;
}

type Listener = (...args: any[]) => void;
type Args<Events, Name extends keyof Events> = Events[Name] extends (...args: infer A) => void ? A : never;

export class EventStream<Events extends BaseEvents> {
  controller = new AbortController();
  #listeners = new Map<keyof Events, { listener: Listener; once: boolean }[]>();
  #ended = false;
  #errored = false;
  #aborted = false;
  /** True once somebody awaits the stream; otherwise an error without a listener is an unhandled rejection. */
  #awaited = false;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #done: Promise<void>;

  constructor() {
    this.#done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#done.catch(() => {});
  }

  get ended(): boolean {
    return this.#ended;
  }

  get errored(): boolean {
    return this.#errored;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Ends the stream and closes its connection. */
  abort(): void {
    this.controller.abort();
  }

  on<Name extends keyof Events>(event: Name, listener: Events[Name]): this {
    return this.#add(event, listener as Listener, false);
  }

  once<Name extends keyof Events>(event: Name, listener: Events[Name]): this {
    return this.#add(event, listener as Listener, true);
  }

  off<Name extends keyof Events>(event: Name, listener: Events[Name]): this {
    const listeners = this.#listeners.get(event) ?? [];
    const index = listeners.findIndex((each) => each.listener === listener);
    if (index >= 0) this.#listeners.set(event, listeners.toSpliced(index, 1));
    return this;
  }

  /** Resolves with the arguments of the next such event; rejects if an error comes first. */
  emitted<Name extends keyof Events>(
    event: Name,
  ): Promise<Args<Events, Name> extends [infer One] ? One : Args<Events, Name> extends [] ? void : Args<Events, Name>> {
    this.#awaited = true;
    return new Promise((resolve, reject) => {
      if (event !== 'error') this.#add('error', reject, true);
      this.#add(event, (...args) => resolve(args.length > 1 ? args : args[0]), true);
    });
  }

  /** Resolves at the stream's end; rejects if it fails or is aborted. */
  async done(): Promise<void> {
    this.#awaited = true;
    await this.#done;
  }

  protected emit<Name extends keyof Events>(event: Name, ...args: Args<Events, Name>): void {
    if (this.#ended) return;
    const listeners = this.#listeners.get(event);
    if (!listeners) return;
    if (listeners.some((each) => each.once)) {
      this.#listeners.set(event, listeners.filter((each) => !each.once));
    }
    for (const { listener } of listeners) listener(...args);
  }

  /** Runs the source of the events once the caller has had a chance to add listeners. */
  protected run(work: () => Promise<void>): void {
    setImmediate(() => {
      work().then(
        () => this.#end(),
        (error: unknown) => this.#fail(error),
      );
    });
  }

  #add(event: keyof Events, listener: Listener, once: boolean): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), { listener, once }]);
    return this;
  }

  #end(): void {
    this.emit('end', ...([] as unknown as Args<Events, 'end'>));
    this.#ended = true;
    this.#settle?.resolve();
  }

  #fail(thrown: unknown): void {
    this.#errored = true;
    const error = thrown instanceof OpenAIError ? thrown : wrapped(thrown);
    const event = error instanceof APIUserAbortError ? 'abort' : 'error';
    this.#aborted = event === 'abort';
    if (!this.#awaited && !this.#listeners.get(event)?.length) void Promise.reject(error);
    this.emit(event, ...([error] as unknown as Args<Events, typeof event>));
    this.#settle?.reject(error);
    this.#end();
  }
}

function wrapped(thrown: unknown): OpenAIError {
  if (!isError(thrown)) return new OpenAIError(String(thrown));
  return new OpenAIError(thrown.message, { cause: thrown });
}

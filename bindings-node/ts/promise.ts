/** The promise of a call's result, from which its response can be had. */

import type { Opened } from './opened.js';
import { responseOf } from './response.js';

/** A call's result with the response that it came in. */
export interface WithResponse<T> {
  data: T;
  response: Response;
  request_id: string | null;
}

/** A promise of a call's result. */
export class APIPromise<T> extends Promise<T> {
  #opened: Promise<Opened<T>>;
  #data: Promise<T> | undefined;

  /** Makes the call. `isHeld` returns true while nobody has asked for its result. */
  constructor(open: (isHeld: () => boolean) => Promise<Opened<T>>) {
    // `then` takes its value from `opened`; this promise's own is unused.
    super((resolve) => resolve(undefined as T));
    this.#opened = open(() => this.#data === undefined);
  }

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /**
   * The response that has begun, for promises of other classes.
   * @internal
   */
  get opened(): Promise<Opened<T>> {
    return this.#opened;
  }

  /** The result with the response that it came in. */
  async withResponse(): Promise<WithResponse<T>> {
    const data = await this.#parsed();
    const response = await this.asResponse();
    return { data, response, request_id: response.headers.get('x-request-id') };
  }

  /** The response, with its body as it arrives: a stream can be read here or as chunks, but not both. */
  async asResponse(): Promise<Response> {
    const opened = await this.#opened;
    return opened.response?.() ?? responseOf(opened);
  }

  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#parsed().then(fulfilled, rejected);
  }

  override catch<B = never>(rejected?: ((reason: any) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#parsed().catch(rejected);
  }

  override finally(settled?: (() => void) | null): Promise<T> {
    return this.#parsed().finally(settled);
  }

  #parsed(): Promise<T> {
    return (this.#data ??= this.#opened.then((opened) => opened.read()));
  }
}

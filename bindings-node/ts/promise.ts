/** The promise of a call's result, with its response for those who want it. */

import type { Head } from './wire.js';

/** A result, and the head that it came with. */
export interface Opened<T> {
  data: T;
  head: Head;
}

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

  constructor(opened: Promise<Opened<T>>) {
    // What `then` gives is taken from `opened`: this promise itself has nothing to tell.
    super((resolve) => resolve(undefined as T));
    this.#opened = opened;
  }

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  /** The result with the response that it came in. */
  async withResponse(): Promise<WithResponse<T>> {
    const { data } = await this.#opened;
    const response = await this.asResponse();
    return { data, response, request_id: response.headers.get('x-request-id') };
  }

  /** The response: of a whole reply with its body, of a stream with its status and headers alone. */
  async asResponse(): Promise<Response> {
    const { head } = await this.#opened;
    const body = head.body === undefined ? null : JSON.stringify(head.body);
    return new Response(body, { status: 200, headers: head.headers });
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
    return (this.#data ??= this.#opened.then((opened) => opened.data));
  }
}

/** `client.models`. */

import { UNSUPPORTED_OF_MODELS, markUnsupported } from './unsupported.js';
import type { Connection } from './connection.js';
import type { RequestOptions } from './options.js';
import { APIPromise } from './promise.js';
import type { Model } from './types.js';

/** The models; there is one page of them. */
export class ModelsPage implements AsyncIterable<Model> {
  readonly object: string;
  readonly data: Model[];

  constructor(body: { object?: string; data?: Model[] }) {
    this.object = body.object ?? 'list';
    this.data = Array.isArray(body.data) ? body.data : [];
  }

  getPaginatedItems(): Model[] {
    return this.data;
  }

  hasNextPage(): boolean {
    return false;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Model> {
    yield* this.data;
  }
}

/** A promise of a page, which can be iterated over directly. */
export class PagePromise extends APIPromise<ModelsPage> implements AsyncIterable<Model> {
  async *[Symbol.asyncIterator](): AsyncGenerator<Model> {
    yield* await this;
  }
}

export class Models {
  #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Requests the service's list of models. */
  list(options?: RequestOptions): PagePromise {
    return new PagePromise(() =>
      this.#connection.openWhole(
        (client, given) => client.models(given),
        options,
        (body) => new ModelsPage(body as { data?: Model[] }),
      ),
    );
  }
}

markUnsupported(Models, 'client.models', UNSUPPORTED_OF_MODELS);

/** The client of the `openai` package, with its chat calls through turnwire. */

import type { Opened, Raise } from '../promise.js';
import { responseOf } from '../response.js';
import type { Stream } from '../stream.js';
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionCreateParamsBase } from '../types.js';
import { bothTrees } from './errors.js';
import type { Peer, PeerChat, PeerClass, PeerClient, PeerCompletions, PeerOptions, PeerRequestOptions, PeerStream, Props } from './peer.js';
import { Route } from './route.js';

type Result = Stream<ChatCompletionChunk> | ChatCompletion;

/** A response that has begun, as the promise of the `openai` package knows it. */
class Begun implements Props {
  #opened: Opened<Result>;
  /** Every error passes through it. */
  #raise: Raise;
  #response: Response | undefined;

  constructor(
    opened: Opened<Result>,
    raise: Raise,
    readonly options: object,
    readonly startTime: number,
  ) {
    this.#opened = opened;
    this.#raise = raise;
  }

  /** Made for those who ask: it loads a large part of Node. */
  get response(): Response {
    return (this.#response ??= responseOf(this.#opened, this.#raise));
  }

  read(): Result {
    return this.#opened.read(this.#raise);
  }
}

/** The subclass of the client of this copy of the `openai` package; it has two, for `import` and for `require`. */
export function extended(peer: Peer, PeerStream: PeerStream): PeerClass {
  const raise = bothTrees(peer);
  const { Chat: PeerChat } = peer.OpenAI;

  /** `parse`, `stream` and `runTools` are those of the package, which call `create`. */
  class Completions extends PeerChat.Completions {
    readonly #route: Route;

    constructor(client: PeerClient, route: Route) {
      super(client);
      this.#route = route;
    }

    override create(body: ChatCompletionCreateParamsBase, options?: PeerRequestOptions): Promise<unknown> {
      // A proxy of this object has no route.
      if (!(#route in this) || !this.#route.isOurs(options)) return super.create(body, options);
      return new peer.APIPromise(this._client, begin(this.#route, body, options), read);
    }
  }

  class Chat extends PeerChat {
    constructor(client: PeerClient, route: Route) {
      super(client);
      this.completions = new Completions(client, route) as PeerCompletions;
    }
  }

  async function begin(route: Route, body: ChatCompletionCreateParamsBase, options: PeerRequestOptions | undefined): Promise<Begun> {
    const startTime = Date.now();
    const asked = { ...options, method: 'post', path: '/chat/completions', body, stream: body.stream ?? false };
    try {
      return new Begun(await route.client.chat.completions.create(body, route.callOptions(options)).opened, raise, asked, startTime);
    } catch (error) {
      throw raise(error);
    }
  }

  function read(client: PeerClient, begun: Begun): unknown {
    const result = begun.read();
    if (!('controller' in result)) return result;
    return new PeerStream(() => result[Symbol.asyncIterator](), result.controller, client);
  }

  return class OpenAI extends peer.OpenAI {
    static readonly OpenAI = this;
    readonly #apiKey: PeerOptions['apiKey'];
    readonly #route: Route;

    constructor(options: PeerOptions = {}) {
      super(options);
      this.#apiKey = options.apiKey;
      this.#route = new Route(this, options, peer);
      this.chat = new Chat(this, this.#route) as PeerChat;
    }

    override withOptions(options: PeerOptions): PeerClient {
      // Version 5 of the package would give the key that the function returned last.
      const made = super.withOptions(typeof this.#apiKey === 'function' ? { apiKey: this.#apiKey, ...options } : options);
      if (#route in made) made.#route.share(this.#route, options);
      return made;
    }
  };
}

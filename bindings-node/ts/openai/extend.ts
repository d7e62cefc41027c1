/** The client of the `openai` package, with its calls of chat and speech through turnwire. */

import type { SpeechCreateParams } from '../audio.js';
import { Stream, type APIPromise, type OpenAI as Turnwire, type RequestOptions } from '../index.js';
import type { Opened, Raise } from '../opened.js';
import { responseOf } from '../response.js';
import type { ChatCompletionCreateParamsBase } from '../types.js';
import { bothTrees } from './errors.js';
import type { Peer, PeerAudio, PeerChat, PeerClass, PeerClient, PeerOptions, PeerRequestOptions, PeerStream, Props } from './peer.js';
import { Route } from './route.js';

/** A response that has begun, as the promise of the `openai` package knows it. */
class Begun<T> implements Props {
  #opened: Opened<T>;
  /** Every error passes through it. */
  #raise: Raise;
  #response: Response | undefined;

  constructor(
    opened: Opened<T>,
    raise: Raise,
    readonly options: object,
    readonly startTime: number,
  ) {
    this.#opened = opened;
    this.#raise = raise;
  }

  /** Made for those who ask: it loads a large part of Node. */
  get response(): Response {
    return (this.#response ??= this.#opened.response?.(this.#raise) ?? responseOf(this.#opened, this.#raise));
  }

  read(): T {
    return this.#opened.read(this.#raise);
  }
}

/** Makes a call of turnwire's client. */
type Start<T> = (client: Turnwire, options: RequestOptions) => APIPromise<T>;

/** The subclass of the client of this copy of the `openai` package; it has two, for `import` and for `require`. */
export function extended(peer: Peer, PeerStream: PeerStream): PeerClass {
  const raise = bothTrees(peer);
  const { Chat: PeerChat, Audio: PeerAudio } = peer.OpenAI;

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
      const begun = begin(this.#route, (client, given) => client.chat.completions.create(body, given), '/chat/completions', body, options);
      return new peer.APIPromise(this._client, begun, (client, begun) => {
        const result = begun.read();
        if (!(result instanceof Stream)) return result;
        return new PeerStream(() => result[Symbol.asyncIterator](), result.controller, client);
      });
    }
  }

  class Speech extends PeerAudio.Speech {
    readonly #route: Route;

    constructor(client: PeerClient, route: Route) {
      super(client);
      this.#route = route;
    }

    override create(body: SpeechCreateParams, options?: PeerRequestOptions): Promise<unknown> {
      if (!(#route in this) || !this.#route.isOurs(options)) return super.create(body, options);
      const begun = begin(this.#route, (client, given) => client.audio.speech.create(body, given), '/audio/speech', body, options);
      return new peer.APIPromise(this._client, begun, (_, begun) => begun.read());
    }
  }

  async function begin<T>(route: Route, start: Start<T>, path: string, body: object, options: PeerRequestOptions | undefined): Promise<Begun<T>> {
    const startTime = Date.now();
    const asked = { ...options, method: 'post', path, body, stream: (body as { stream?: boolean }).stream ?? false };
    try {
      return new Begun(await start(route.client, route.callOptions(options)).opened, raise, asked, startTime);
    } catch (error) {
      throw raise(error);
    }
  }

  class Chat extends PeerChat {
    constructor(client: PeerClient, route: Route) {
      super(client);
      this.completions = new Completions(client, route) as PeerChat['completions'];
    }
  }

  class Audio extends PeerAudio {
    constructor(client: PeerClient, route: Route) {
      super(client);
      this.speech = new Speech(client, route) as PeerAudio['speech'];
    }
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
      this.audio = new Audio(this, this.#route) as PeerAudio;
    }

    /** For `Turns` and speakers: turnwire's client with the settings of this one as they are now. */
    [Symbol.for('turnwire.client')](): Turnwire {
      return this.#route.lasting;
    }

    override withOptions(options: PeerOptions): PeerClient {
      // Version 5 of the package would give the key that the function returned last.
      const made = super.withOptions(typeof this.#apiKey === 'function' ? { apiKey: this.#apiKey, ...options } : options);
      if (#route in made) made.#route.share(this.#route, options);
      return made;
    }
  };
}

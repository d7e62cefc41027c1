/** The client of a chat service, which serves turns. */

import { AskingClient } from './asking.js';
import { camelCased } from './camel-case.js';
import type { TokenFunction } from './host-types.js';
import { Items, ListBatch } from './items.js';
import { native } from './native.js';
import type { RequestOptions } from './options.js';
import type { ServiceSettings } from './settings.js';
import { written } from './stored.js';
import type { TokenUsage, TurnEvent, TurnRequest } from './turn-types.js';

type Native = InstanceType<typeof native.ChatService>;

/** A whole reply of a chat service. */
export interface ChatAnswer {
  reply: string;
  /** The workspace of the turn, if it has one. */
  workspaceId: string | null;
  /** The spoken reply, if it was asked for. */
  audio: Uint8Array | null;
  /** True if the turn was stopped; the reply ends at that point. */
  stopped: boolean;
  /** The tokens that the reply took, if the service sends them. */
  usage: TokenUsage | null;
}

/** The events of a turn, for one `for await`. Leaving the loop, or dropping the stream, leaves the turn. */
export class TurnStream implements AsyncIterable<TurnEvent> {
  /** The service's id of the request, for support requests. */
  readonly requestId: string | null;
  #items: Items<TurnEvent[], TurnEvent>;

  /** Use `service.stream()`. */
  constructor(items: Items<TurnEvent[], TurnEvent>, requestId: string | null) {
    this.#items = items;
    this.requestId = requestId;
  }

  /** The events. A turn that fails throws, with the text so far in `partial`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TurnEvent> {
    return this.#items;
  }

  /** Leaves the turn. */
  cancel(): void {
    void this.#items.return();
  }
}

/** The settings of a client of a chat service. */
export interface ChatServiceOptions extends ServiceSettings {
  /**
   * Returns tokens where a call has none, or where its tokens were refused: then the call is repeated once. It runs in the
   * asynchronous context of the call.
   */
  tokenProvider?: TokenFunction | null;
}

/** The native side of a client; `undefined` for anything else. */
export let serviceOf: (service: unknown) => AskingClient<Native> | undefined;

/** A client of a chat service: it requests turns and reads their events. */
export class ChatService {
  readonly #client: AskingClient<Native>;

  static {
    serviceOf = (service) => (typeof service === 'object' && service !== null && #client in service ? service.#client : undefined);
  }

  /** Nothing is sent. Without tokens here, each turn brings its own, or the provider has them. */
  constructor(settings: ChatServiceOptions | string) {
    this.#client = AskingClient.open<Native>(native.ChatService, settings);
  }

  /**
   * Requests a turn, and resolves as soon as the service has accepted the message. A service that does not stream is asked for
   * the whole reply, if it has certainly not accepted the message. Once the stream has begun, nothing is sent again.
   */
  async stream(request: TurnRequest, options?: RequestOptions): Promise<TurnStream> {
    const call = this.#client.call((service) => service.stream(written(request, 'service.stream')), options);
    const { head } = await call.answer();
    const id = head?.headers.find(([name]) => name === 'x-request-id')?.[1] ?? null;
    return new TurnStream(new Items(call, new ListBatch<TurnEvent>()), id);
  }

  /** Requests a turn and its whole reply, with `speech` also as audio. */
  async send(request: TurnRequest, options?: RequestOptions): Promise<ChatAnswer> {
    const found = await this.#client.call((service) => service.send(written(request, 'service.send')), options).value();
    const { audioBase64, ...answer } = camelCased(found) as Omit<ChatAnswer, 'audio'> & { audioBase64: string | null };
    return { ...answer, audio: audioBase64 === null ? null : Buffer.from(audioBase64, 'base64') };
  }

  /** The speech of a text, as MP3. */
  async speak(text: string, options?: RequestOptions): Promise<Uint8Array> {
    return this.#client.call((service) => service.speak(text), options).wholeBytes();
  }

  /**
   * Stops a running turn, whose id is in its event `turn`: the reply ends with the text so far, which is kept. A turn that has ended
   * already is not an error; another user's is a `NotFoundError`.
   */
  async stop(turnId: string, options?: RequestOptions): Promise<void> {
    await this.#client.call((service) => service.stop(turnId), options).value();
  }
}

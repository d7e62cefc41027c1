/** The way of the calls of a client of the `openai` package: through turnwire, if turnwire can do all that the client asks for. */

import * as turnwire from '../index.js';
import type { HeadersLike } from '../headers.js';
import type { ClientOptions, RequestOptions } from '../options.js';
import type { Peer, PeerClient, PeerOptions, PeerRequestOptions } from './peer.js';

/** The options of a client by which it makes its requests in a way of its own. */
const OWN_WAY = ['provider', 'workloadIdentity', 'x509Transport', 'credential'];

/** The same of a call. */
const OWN_WAY_OF_CALL = ['fetchOptions', 'defaultBaseURL', 'method', 'path', 'body', '__binaryResponse', '__streamClass', 'then'];

/** The methods of a client that have no part in the calls that go through turnwire. */
const NOT_IN_CALLS = ['constructor', 'withOptions', 'get', 'put', 'patch', 'delete', 'getAPIList', 'requestAPIList', '_buildWebSocketHeaders'];

/** The functions that were the global `fetch` when a client was made without one of its own. */
const globalFetches = new WeakSet<object>();

type State = Record<string, unknown>;

/** The options of a client that go with each of its calls, so that clients that differ in them alone share connections. */
const WITH_CALLS = ['timeout', 'maxRetries'];

export class Route {
  #client: PeerClient;
  #options: PeerOptions;
  /** The prototype of the package's clients, and the names of its methods that have a part in those calls. */
  #methods: [State, string[]];
  /** Of all clients that share its connections; empty before their first call. */
  #ours: { client?: turnwire.OpenAI; state?: State } = {};
  #isTold = false;

  constructor(client: PeerClient, options: PeerOptions, peer: Peer) {
    const prototype = peer.OpenAI.prototype as unknown as State;
    this.#client = client;
    this.#options = options;
    this.#methods = [prototype, Object.getOwnPropertyNames(prototype).filter((name) => !NOT_IN_CALLS.includes(name))];
    if (options['fetch'] === undefined && typeof client.fetch === 'function') globalFetches.add(client.fetch);
  }

  /** True if a call with these options goes through turnwire. */
  isOurs(options: PeerRequestOptions | undefined): boolean {
    const why = this.#reason() ?? (options && OWN_WAY_OF_CALL.find((name) => options[name] !== undefined && options[name] !== null));
    if (why && !this.#isTold && ['info', 'debug'].includes(this.#client.logLevel ?? '')) {
      this.#isTold = true;
      this.#client.logger.info(`turnwire: calls with ${why} of their own go through the openai package`);
    }
    return why === undefined;
  }

  /** The setting of the client that turnwire cannot honour; `undefined` if there is none. */
  #reason(): string | undefined {
    const { fetch, fetchOptions } = this.#client;
    if (fetch !== globalThis.fetch && !(typeof fetch === 'function' && globalFetches.has(fetch))) return 'fetch';
    if (fetchOptions !== undefined && fetchOptions !== null) return 'fetchOptions';
    const [theirs, names] = this.#methods;
    const own = this.#client as unknown as State;
    // A subclass or a test may replace the methods by which the client makes its requests.
    return OWN_WAY.find((name) => this.#options[name]) ?? names.find((name) => own[name] !== theirs[name]);
  }

  /** Shares the connections of the client from which this one was made with the options. */
  share(from: Route, options: PeerOptions): void {
    if (Object.keys(options).every((name) => WITH_CALLS.includes(name))) this.#ours = from.#ours;
  }

  /** The client of turnwire with the settings that the client has now. */
  get client(): turnwire.OpenAI {
    const { baseURL, apiKey, organization, project } = this.#client;
    const state: State = { baseURL, apiKey, organization, project };
    const { client, state: last } = this.#ours;
    if (client && last && Object.keys(state).every((name) => state[name] === last[name])) return client;
    const made = new turnwire.OpenAI(this.#settings(state));
    if (client) this.#ours = {};
    Object.assign(this.#ours, { client: made, state });
    return made;
  }

  #settings(state: State): ClientOptions {
    const { apiKey, defaultHeaders, defaultQuery, limits, logger, logLevel } = this.#options;
    return {
      ...state,
      apiKey: typeof apiKey === 'function' ? apiKey : (state['apiKey'] as string | null),
      limits: limits as ClientOptions['limits'],
      defaultHeaders: plainHeaders(defaultHeaders),
      defaultQuery,
      // Without either, nothing of turnwire is logged, as elsewhere.
      logger: logger ? (this.#client.logger as unknown as ClientOptions['logger']) : undefined,
      logLevel: logLevel as ClientOptions['logLevel'],
    };
  }

  /** A client of turnwire for an engine of turns or a speaker, whose calls have no options of their own. */
  get lasting(): turnwire.OpenAI {
    const why = this.#reason();
    if (why) throw new turnwire.ConfigError(`the client has a setting that turnwire cannot honour, ${why}: make a client without it`);
    const { timeout, maxRetries } = this.callOptions();
    return this.client.withOptions({ timeout, maxRetries });
  }

  /** The options of a call, with those of the client, in the form of turnwire. */
  callOptions(options: PeerRequestOptions = {}): RequestOptions {
    const { timeout, maxRetries, constructor } = this.#client;
    // The default is one for whole replies: streams have shorter ones here.
    const { DEFAULT_TIMEOUT } = constructor as unknown as { DEFAULT_TIMEOUT: number };
    return {
      ...options,
      timeout: (options['timeout'] as number | undefined) ?? (timeout === DEFAULT_TIMEOUT ? undefined : timeout),
      maxRetries: (options['maxRetries'] as number | undefined) ?? maxRetries,
      headers: plainHeaders(options['headers']),
    };
  }
}

/** Headers, of which the `openai` package also has a form of its own: their values, and the names to remove. */
function plainHeaders(headers: unknown): HeadersLike {
  const { values, nulls } = Object(headers) as { values: Headers; nulls: Set<string> };
  if (!(nulls instanceof Set)) return headers as HeadersLike;
  return [...values, ...[...nulls].map((name) => [name, null] as const)];
}

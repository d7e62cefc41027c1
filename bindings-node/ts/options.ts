/** The options of clients and calls, and their form for the native side. Options that are not set have core's defaults. */

import { fromThrown } from './core-error.js';
import { ConfigError, isError } from './errors.js';
import { carried, headerPairs, type HeadersLike } from './headers.js';
import type { LogOptions } from './log.js';
import { native, type Options } from './native.js';
import { queryPairs, type Query } from './query.js';
import { settingsJson } from './settings-json.js';

/** A key, or a function that returns one: it is called before each attempt of a call. */
export type ApiKey = string | (() => Promise<string> | string);

/** The settings of a client. */
export interface ClientOptions extends LogOptions {
  /** Default `OPENAI_API_KEY` of the environment; `null` for none. A function is called before each attempt of a call. */
  apiKey?: ApiKey | null | undefined;
  /** Default `OPENAI_BASE_URL` of the environment, else OpenAI's own service. */
  baseURL?: string | null | undefined;
  /** Default `OPENAI_ORG_ID` of the environment; `null` for none. */
  organization?: string | null | undefined;
  /** Default `OPENAI_PROJECT_ID` of the environment; `null` for none. */
  project?: string | null | undefined;
  /**
   * The longest wait in milliseconds: for a whole reply, for a stream to begin, and for more of it. `Infinity` for no
   * limit.
   */
  timeout?: number | undefined;
  /** The most retries after a transient failure. */
  maxRetries?: number | undefined;
  /** The largest sizes that the service may send. */
  limits?: Limits | undefined;
  /** Sent with every call, over those of `OPENAI_CUSTOM_HEADERS`; `null` removes a header that would be sent. */
  defaultHeaders?: HeadersLike;
  /** Added to the query of every call. */
  defaultQuery?: Query | undefined;
}

/** The largest sizes that a service may send before a call fails with the code `too_large`, in bytes; `Infinity` for any. */
export interface Limits {
  /** One event of a stream; default 8 MiB. */
  event?: number | undefined;
  /** A whole reply, or everything that is kept of a streamed one; default 64 MiB. */
  reply?: number | undefined;
}

/** The options of one call, in place of its client's. */
export interface RequestOptions {
  /** Ends the call when it is aborted. */
  signal?: AbortSignal | null | undefined;
  /**
   * The longest wait in milliseconds: for a whole reply, for a stream to begin, and for more of it. `Infinity` for no
   * limit.
   */
  timeout?: number | undefined;
  /** The most retries. */
  maxRetries?: number | undefined;
  /** Sent with the call, in place of the client's of the same name; `null` removes one. */
  headers?: HeadersLike;
  /** Added to the query, in place of the client's of the same name. */
  query?: Query | undefined;
  /** The key that all attempts share; without it each call makes its own. */
  idempotencyKey?: string | undefined;
}

const OWN_HTTP = 'the client brings its own HTTP; a proxy is read from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY';
const OWN_KEY = 'give a function as apiKey that fetches the token';

/** Settings of the `openai` package that have no meaning here, each with its replacement. */
const NOT_TAKEN: Record<string, string> = {
  fetch: OWN_HTTP,
  fetchOptions: OWN_HTTP,
  httpAgent: OWN_HTTP,
  workloadIdentity: OWN_KEY,
  x509Transport: OWN_KEY,
  credential: OWN_KEY,
  adminAPIKey: "the administration's API is not a part of turnwire; give apiKey",
  provider: 'give baseURL, and a function as apiKey or defaultHeaders',
  dataResidency: "give the region's address as baseURL",
  dangerouslyAllowBrowser: 'turnwire runs in Node alone, where no key can be seen; call it from a server of yours',
};

const OPENAI = 'https://api.openai.com/v1';

/** Takes the place of a key that a function returns for each call, so that core does not miss one; it is never sent. */
const ASKED = 'asked-for-each-call';

/** Options with those of the environment. */
export interface ResolvedOptions extends ClientOptions {
  customHeaders: [string, string | null][];
}

/** The default of `maxRetries`, as in core. */
const RETRIES = 2;

/** A client's options, with the environment's where none are given. */
export function resolved(options: ClientOptions): ResolvedOptions {
  refuse(options, NOT_TAKEN);
  const { apiKey } = options;
  const { headers, ...found } = completed({
    apiKey: typeof apiKey === 'function' ? ASKED : inHeader('apiKey', apiKey),
    baseURL: text('baseURL', options.baseURL),
    organization: inHeader('organization', options.organization),
    project: inHeader('project', options.project),
  });
  return { ...options, ...found, apiKey: typeof apiKey === 'function' ? apiKey : found.apiKey, baseURL: found.baseURL || OPENAI, customHeaders: headers };
}

/** The settings of the native client. */
export function settings(options: ResolvedOptions): string {
  const { apiKey, baseURL, organization, project, limits = {} } = options;
  refuse(limits, {}, ['event', 'reply'], 'limits.');
  return settingsJson({
    apiKey: typeof apiKey === 'function' ? ASKED : inHeader('apiKey', apiKey),
    baseURL: text('baseURL', baseURL),
    organization: inHeader('organization', organization),
    project: inHeader('project', project),
    http: {
      timeout: options.timeout ?? undefined,
      retry: { maxRetries: options.maxRetries ?? undefined },
      limits: { event: limits.event ?? undefined, reply: limits.reply ?? undefined },
      // The query goes with each call, so that a call can remove a part of it.
      headers: [...options.customHeaders, ...headerPairs('defaultHeaders', options.defaultHeaders)],
    },
  });
}

interface Completed {
  apiKey?: string | null;
  baseURL?: string | null;
  organization?: string | null;
  project?: string | null;
  /** The headers of the environment. */
  headers: [string, string | null][];
}

/** These settings, with the environment's where none are given; core knows the variables. */
function completed(given: Omit<Completed, 'headers'>): Completed {
  const { http, ...found } = withEnvironment(given);
  return { ...found, headers: headerPairs('OPENAI_CUSTOM_HEADERS', http?.headers) };
}

/** A client's settings in core's form, with the environment's where none are given. */
export function withEnvironment(given: object): any {
  const variables = Object.entries(process.env).filter(([name, value]) => name.startsWith('OPENAI_') && value !== undefined);
  try {
    return JSON.parse(native.withEnvironment(settingsJson(given), Object.fromEntries(variables) as Record<string, string>));
  } catch (error) {
    throw fromThrown(error);
  }
}

/** The options of one call. */
export function callOptions(client: ClientOptions, options: RequestOptions = {}, key?: string): Options {
  refuse(options, { fetchOptions: OWN_HTTP });
  const bearer: [string, string][] = key === undefined ? [] : [['authorization', `Bearer ${key}`]];
  const timeoutMs = numberOf(options.timeout);
  return {
    headers: [...bearer, ...headerPairs('headers', options.headers)],
    query: queryPairs({ ...client.defaultQuery, ...options.query }),
    timeoutMs,
    maxRetries: numberOf(options.maxRetries),
    // A caller with a limit of its own prefers another attempt to a longer wait.
    retryTimeouts: timeoutMs !== undefined || client.timeout !== undefined,
    idempotencyKey: inHeader('idempotencyKey', options.idempotencyKey) ?? undefined,
  };
}

/** The most retries of a call. */
export function mostRetries(client: ClientOptions, options: RequestOptions = {}): number {
  const given = numberOf(options.maxRetries ?? client.maxRetries);
  if (given === undefined) return RETRIES;
  try {
    return native.mostRetries(given);
  } catch (error) {
    throw fromThrown(error);
  }
}

/** The key that a function returns. */
export async function askedKey(ask: () => Promise<string> | string): Promise<string> {
  let found: unknown;
  try {
    found = await ask();
  } catch (cause) {
    throw new ConfigError(`the function apiKey failed: ${isError(cause) ? cause.message : String(cause)}`, { cause });
  }
  if (typeof found === 'string' && found) return carried('the key that the function apiKey returned', found);
  throw new ConfigError(`the function apiKey must return a key, not ${found === '' ? 'an empty string' : kind(found)}`);
}

/** Refuses options that have no meaning here, and those that are not among `known`. */
function refuse(options: object, notTaken: Record<string, string>, known?: string[], path = ''): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (Object.hasOwn(notTaken, name)) throw new ConfigError(`${name} is not supported: ${notTaken[name]}`);
    if (known?.includes(name) === false) throw new ConfigError(`${path}${name} is unknown: there are ${known.join(' and ')}`);
  }
}

/** The kind of a value, for messages: the value itself may be a secret. */
function kind(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value;
}

function text(name: string, value: unknown): string | null | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value === 'string') return value;
  throw new ConfigError(`${name} must be a string${name === 'apiKey' ? ' or a function' : ''}, not ${kind(value)}`);
}

function inHeader(name: string, value: unknown): string | null | undefined {
  const given = text(name, value);
  return typeof given === 'string' ? carried(name, given) : given;
}

/** A number for the native side, which refuses NaN: a value that is no number. */
export function numberOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : NaN;
}

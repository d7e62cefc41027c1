/** What programs may set, and how it reaches the native side. What is not set stays core's default. */

import { fromEnv } from './env.js';
import { ConfigError, isError } from './errors.js';
import { carried, headerPairs, type HeadersLike } from './headers.js';
import type { LogOptions } from './log.js';
import type { Options, Settings } from './native.js';
import { queryPairs, type Query } from './query.js';

/** A key, or a function that gives one: it is asked before each attempt of a call. */
export type ApiKey = string | (() => Promise<string> | string);

/** The settings of a client. */
export interface ClientOptions extends LogOptions {
  /** Default `OPENAI_API_KEY` of the environment; `null` for none. A function is asked before each attempt of a call. */
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
  /** How often a request that failed in passing is sent again. */
  maxRetries?: number | undefined;
  /** How much the service may send. */
  limits?: Limits | undefined;
  /** Sent with every call, over those of `OPENAI_CUSTOM_HEADERS`; `null` takes a header away that would be sent. */
  defaultHeaders?: HeadersLike;
  /** Added to the query of every call. */
  defaultQuery?: Query | undefined;
}

/** How much a service may send before a call fails with the code `too_large`, in bytes; `Infinity` for any amount. */
export interface Limits {
  /** One event of a stream; default 8 MiB. */
  event?: number | undefined;
  /** A whole reply, or everything that is kept of a streamed one; default 64 MiB. */
  reply?: number | undefined;
}

/** What one call does differently from its client. */
export interface RequestOptions {
  /** Ends the call when it is aborted. */
  signal?: AbortSignal | null | undefined;
  /**
   * The longest wait in milliseconds: for a whole reply, for a stream to begin, and for more of it. `Infinity` for no
   * limit.
   */
  timeout?: number | undefined;
  /** How often the request is sent again. */
  maxRetries?: number | undefined;
  /** Sent with the call, in place of the client's of the same name; `null` takes one away. */
  headers?: HeadersLike;
  /** Added to the query, in place of the client's of the same name. */
  query?: Query | undefined;
  /** The key that all attempts share; without it each call makes its own. */
  idempotencyKey?: string | undefined;
}

const OWN_HTTP = 'the client brings its own HTTP; a proxy is read from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY';
const OWN_KEY = 'give a function as apiKey that fetches the token';

/** Settings of the `openai` package that mean nothing here, with what takes their place. */
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

/** How often a request is sent again unless a client says otherwise, as core has it. */
const RETRIES = 2;

/** A client's options, with what the environment says in place of those that are not set. */
export function resolved(options: ClientOptions): ClientOptions {
  refuse(options, NOT_TAKEN);
  const {
    apiKey = fromEnv('OPENAI_API_KEY'),
    baseURL = fromEnv('OPENAI_BASE_URL'),
    organization = fromEnv('OPENAI_ORG_ID'),
    project = fromEnv('OPENAI_PROJECT_ID'),
  } = options;
  return { ...options, apiKey, baseURL: baseURL || OPENAI, organization, project };
}

/** The settings of the native client. */
export function settings(options: ClientOptions): Settings {
  const { apiKey, organization, project, limits = {} } = options;
  refuse(limits, {}, ['event', 'reply'], 'limits.');
  return {
    // In place of a key that is asked for, so that core does not miss one; it is never sent.
    apiKey: typeof apiKey === 'function' ? 'asked-for-each-call' : inHeader('apiKey', apiKey),
    baseUrl: text('baseURL', options.baseURL),
    organization: inHeader('organization', organization),
    project: inHeader('project', project),
    headers: [...customHeaders(), ...headerPairs('defaultHeaders', options.defaultHeaders)],
    // It goes with each call, so that a call can take a part of it away.
    query: [],
    timeoutMs: milliseconds(options.timeout),
    maxRetries: retries(options.maxRetries),
    eventLimit: bytes('limits.event', limits.event),
    replyLimit: bytes('limits.reply', limits.reply),
  };
}

/** The options of one call. */
export function callOptions(client: ClientOptions, options: RequestOptions = {}, key?: string): Options {
  refuse(options, { fetchOptions: OWN_HTTP });
  const bearer: [string, string][] = key === undefined ? [] : [['authorization', `Bearer ${key}`]];
  const timeoutMs = milliseconds(options.timeout);
  return {
    headers: [...bearer, ...headerPairs('headers', options.headers)],
    query: queryPairs({ ...client.defaultQuery, ...options.query }),
    timeoutMs,
    maxRetries: retries(options.maxRetries),
    // A limit of the caller's own says that he would rather have another attempt than wait longer.
    retryTimeouts: timeoutMs !== undefined || client.timeout !== undefined,
    idempotencyKey: inHeader('idempotencyKey', options.idempotencyKey),
  };
}

/** How often a call may be made again. */
export function mostRetries(client: ClientOptions, options: RequestOptions = {}): number {
  return retries(options.maxRetries ?? client.maxRetries) ?? RETRIES;
}

/** The key that a function gives. */
export async function askedKey(ask: () => Promise<string> | string): Promise<string> {
  let found: unknown;
  try {
    found = await ask();
  } catch (cause) {
    throw new ConfigError(`the function apiKey failed: ${isError(cause) ? cause.message : String(cause)}`, { cause });
  }
  if (typeof found === 'string' && found) return carried('the key that the function apiKey gave', found);
  throw new ConfigError(`the function apiKey gave no key, but ${found === '' ? 'an empty text' : kind(found)}`);
}

/** Refuses options that have no meaning here, and those that are not among `known`. */
function refuse(options: object, notTaken: Record<string, string>, known?: string[], path = ''): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (Object.hasOwn(notTaken, name)) throw new ConfigError(`${name} is not supported: ${notTaken[name]}`);
    if (known?.includes(name) === false) throw new ConfigError(`${path}${name} is unknown: there are ${known.join(' and ')}`);
  }
}

/** Headers of the environment, one a line: `Name: value`. */
function customHeaders(): [string, string | null][] {
  const lines = fromEnv('OPENAI_CUSTOM_HEADERS')?.split('\n') ?? [];
  const pairs = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? [] : [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]];
  });
  return headerPairs('OPENAI_CUSTOM_HEADERS', pairs);
}

/** What a message may say of a value: it may be a secret. */
function kind(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : typeof value;
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new ConfigError(`${name} must be a text${name === 'apiKey' ? ' or a function' : ''}, not ${kind(value)}`);
}

function inHeader(name: string, value: unknown): string | undefined {
  const given = text(name, value);
  return given === undefined ? undefined : carried(name, given);
}

export function milliseconds(timeout: unknown): number | undefined {
  if (timeout === undefined || timeout === null) return undefined;
  if (typeof timeout === 'number' && timeout >= 0) return timeout;
  const given = typeof timeout === 'number' ? String(timeout) : kind(timeout);
  throw new ConfigError(`timeout must be a number of milliseconds from 0 on, or Infinity for no limit, not ${given}`);
}

function retries(maxRetries: unknown): number | undefined {
  if (maxRetries === undefined || maxRetries === null) return undefined;
  if (Number.isInteger(maxRetries) && (maxRetries as number) >= 0) return Math.min(maxRetries as number, 2 ** 32 - 1);
  const given = typeof maxRetries === 'number' ? String(maxRetries) : kind(maxRetries);
  throw new ConfigError(`maxRetries must be a whole number from 0 on, not ${given}`);
}

function bytes(name: string, limit: unknown): number | undefined {
  if (limit === undefined || limit === null) return undefined;
  if (typeof limit === 'number' && limit > 0) return limit;
  const given = typeof limit === 'number' ? String(limit) : kind(limit);
  throw new ConfigError(`${name} must be a number of bytes above 0, or Infinity for any, not ${given}`);
}

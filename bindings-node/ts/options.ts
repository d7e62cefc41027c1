/** What programs may set, and how it reaches the native side. What is not set stays core's default. */

import { OpenAIError } from './errors.js';
import type { Logger, LogLevel } from './log.js';
import type { Options, Settings } from './native.js';

export type HeadersLike =
  | Headers
  | [string, string][]
  | Record<string, string | null | undefined>
  | null
  | undefined;

export type Query = Record<string, unknown>;

/** The settings of a client. */
export interface ClientOptions {
  /** Default `OPENAI_API_KEY` of the environment. A function is asked before each call. */
  apiKey?: string | (() => Promise<string> | string) | null | undefined;
  /** Default `OPENAI_BASE_URL` of the environment, else OpenAI's own service. */
  baseURL?: string | null | undefined;
  /** Default `OPENAI_ORG_ID` of the environment. */
  organization?: string | null | undefined;
  /** Default `OPENAI_PROJECT_ID` of the environment. */
  project?: string | null | undefined;
  /** The longest wait in milliseconds: for a whole reply, for a stream to begin, and for more of it. */
  timeout?: number | undefined;
  /** How often a request that failed in passing is sent again. */
  maxRetries?: number | undefined;
  /** Sent with every call; `null` takes a header away that would be sent. */
  defaultHeaders?: HeadersLike;
  /** Added to the query of every call. */
  defaultQuery?: Query | undefined;
  /** Where to log; default the console. */
  logger?: Logger | null | undefined;
  /** From which level on to log; default `OPENAI_LOG` of the environment, else nothing without a `logger`. */
  logLevel?: LogLevel | undefined;
}

/** What one call does differently from its client. */
export interface RequestOptions {
  /** Ends the call when it is aborted. */
  signal?: AbortSignal | null | undefined;
  /** The longest wait in milliseconds: for a whole reply, for a stream to begin, and for more of it. */
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

/** Settings of the `openai` package that mean nothing here, with what takes their place. */
const NOT_TAKEN: Record<string, string> = {
  fetch: 'the client brings its own HTTP; a proxy is read from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY',
  fetchOptions: 'the client brings its own HTTP; a proxy is read from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY',
  workloadIdentity: 'give a function as apiKey that fetches the token',
  provider: 'give baseURL, and a function as apiKey or defaultHeaders',
};

export function settings(options: ClientOptions): Settings {
  for (const [name, instead] of Object.entries(NOT_TAKEN)) {
    if ((options as Record<string, unknown>)[name] != null) throw new OpenAIError(`${name} is not supported: ${instead}`);
  }
  const { apiKey } = options;
  return {
    // In place of a key that is asked for, so that core does not miss one; it is never sent.
    apiKey: typeof apiKey === 'function' ? 'asked-for-each-call' : (apiKey ?? fromEnv('OPENAI_API_KEY')),
    baseUrl: options.baseURL || fromEnv('OPENAI_BASE_URL'),
    organization: options.organization ?? fromEnv('OPENAI_ORG_ID'),
    project: options.project ?? fromEnv('OPENAI_PROJECT_ID'),
    headers: headerPairs(options.defaultHeaders),
    query: queryPairs(options.defaultQuery),
    timeoutMs: milliseconds(options.timeout),
    maxRetries: retries(options.maxRetries),
  };
}

export function callOptions(options: RequestOptions | undefined, key: string | undefined): Options {
  const bearer: [string, string][] = key === undefined ? [] : [['authorization', `Bearer ${key}`]];
  return {
    headers: [...bearer, ...headerPairs(options?.headers)],
    query: queryPairs(options?.query),
    timeoutMs: milliseconds(options?.timeout),
    maxRetries: retries(options?.maxRetries),
    idempotencyKey: options?.idempotencyKey,
  };
}

export function fromEnv(name: string): string | undefined {
  return process.env[name]?.trim() || undefined;
}

function headerPairs(headers: HeadersLike): [string, string | null][] {
  if (!headers) return [];
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  return entries.filter((pair): pair is [string, string | null] => pair[1] !== undefined);
}

/** Objects and lists in a query are written with brackets: `a[b]=1&c[]=2`. */
function queryPairs(query: Query | undefined): [string, string][] {
  const pairs = (name: string, value: unknown): [string, string][] => {
    if (value === undefined) return [];
    if (Array.isArray(value)) return value.flatMap((each) => pairs(`${name}[]`, each));
    if (typeof value !== 'object' || value === null) return [[name, value === null ? '' : String(value)]];
    return Object.entries(value).flatMap(([key, each]) => pairs(`${name}[${key}]`, each));
  };
  return Object.entries(query ?? {}).flatMap(([name, value]) => pairs(name, value));
}

function milliseconds(timeout: number | undefined): number | undefined {
  if (timeout === undefined || timeout === Infinity) return undefined;
  if (!Number.isFinite(timeout) || timeout < 0) throw new OpenAIError('timeout must not be negative');
  return timeout;
}

function retries(maxRetries: number | undefined): number | undefined {
  if (maxRetries === undefined) return undefined;
  if (!Number.isInteger(maxRetries) || maxRetries < 0) {
    throw new OpenAIError('maxRetries must be a whole number, not negative');
  }
  return maxRetries;
}

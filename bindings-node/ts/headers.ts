/** Headers, in all the forms that programs use. */

import { ConfigError } from './errors.js';

export type HeaderValue = string | number | boolean | null | undefined;

export type HeadersLike =
  | Headers
  | readonly (readonly (HeaderValue | readonly HeaderValue[])[])[]
  | Record<string, HeaderValue | readonly HeaderValue[]>
  | null
  | undefined;

/**
 * Each header with its value, or `null` to remove it. Several values of one name become one, as `Headers` joins them.
 * Messages hold no value: it may be a key.
 */
export function headerPairs(option: string, headers: HeadersLike): [string, string | null][] {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== 'object') throw new ConfigError(`${option} must be an object, not ${typeof headers}`);
  const rows: Iterable<unknown> = Symbol.iterator in headers ? headers : Object.entries(headers);
  const pairs = new Map<string, [string, string | null]>();
  for (const row of rows) {
    const [name, given] = Array.isArray(row) ? row : [];
    if (typeof name !== 'string') throw new ConfigError(`${option} must have a string as the name of each header`);
    for (const value of Array.isArray(given) ? given : [given]) {
      if (value === undefined) continue;
      const before = pairs.get(name.toLowerCase())?.[1] ?? null;
      const text = value === null ? null : written(option, name, value);
      pairs.set(name.toLowerCase(), [name, text === null || before === null ? text : `${before}, ${text}`]);
    }
  }
  return [...pairs.values()];
}

function written(option: string, name: string, value: unknown): string {
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return carried(`${option}: the value of ${JSON.stringify(name)}`, String(value));
  const given = Array.isArray(value) ? 'a list in a list' : `of type ${typeof value}`;
  throw new ConfigError(`${option}: the value of ${JSON.stringify(name)} must be a string, a number or a boolean, not ${given}`);
}

/** Refuses a value that `Headers` would not accept, such as one with a letter beyond Latin-1. */
export function carried(what: string, value: string): string {
  if (!/[^\t\x20-\x7e\x80-\xff]/.test(value.trim())) return value;
  throw new ConfigError(`${what} has characters that a header cannot carry`);
}

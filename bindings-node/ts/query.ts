/** A query as parameters. */

import { ConfigError } from './errors.js';

export type Query = Record<string, unknown>;

/** Objects and lists are written with brackets (`a[b]=1&c[]=2`), dates as ISO 8601; what is `undefined` is left out. */
export function queryPairs(query: Query): [string, string][] {
  return Object.entries(query).flatMap(([name, value]) => pairs(name, value, []));
}

function pairs(name: string, value: unknown, within: unknown[]): [string, string][] {
  if (value === undefined || typeof value === 'function') return [];
  if (typeof value !== 'object' || value === null) return [[name, value === null ? '' : String(value)]];
  if (Object.prototype.toString.call(value) === '[object Date]') return [[name, iso(name, value as Date)]];
  if (within.includes(value)) throw new ConfigError(`query: ${name} holds itself`);
  const path = [...within, value];
  if (Array.isArray(value)) return value.flatMap((each) => pairs(`${name}[]`, each, path));
  return Object.entries(value).flatMap(([key, each]) => pairs(`${name}[${key}]`, each, path));
}

function iso(name: string, date: Date): string {
  if (Number.isNaN(date.getTime())) throw new ConfigError(`query: ${name} is no valid date`);
  return date.toISOString();
}

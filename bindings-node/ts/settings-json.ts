/** Settings as JSON for core, which checks their names and types. */

import { ConfigError } from './errors.js';

/** The place of a number that JSON has not: core has no setting that takes it, and refuses it in its own words. */
const NO_NUMBER = [null];

/**
 * JSON of settings. It knows no infinity: core reads the largest number as no limit of a time or a size, and refuses it
 * elsewhere. Other values that JSON would drop are refused here.
 */
export function settingsJson(settings: object): string {
  const paths = new Map<unknown, string>();
  return JSON.stringify(settings, function (this: unknown, name, value: unknown) {
    const parent = paths.get(this) ?? '';
    const path = Array.isArray(this) ? `${parent}[${name}]` : parent ? `${parent}.${name}` : name;
    if (typeof value === 'object' && value !== null) paths.set(value, path);
    if (value === Infinity) return Number.MAX_VALUE;
    if (typeof value === 'bigint') return Math.max(-Number.MAX_VALUE, Math.min(Number(value), Number.MAX_VALUE));
    if (typeof value === 'number' && !Number.isFinite(value)) return NO_NUMBER;
    if (typeof value === 'function' || typeof value === 'symbol') throw new ConfigError(`${path} must not be a ${typeof value}`);
    return value;
  });
}

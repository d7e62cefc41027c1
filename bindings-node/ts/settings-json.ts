/** Settings as JSON for core, which checks their names and types. */

import { ConfigError } from './errors.js';

/** JSON of settings. It knows no infinity, and core reads `null` as no limit; other values that it would drop are refused. */
export function settingsJson(settings: object): string {
  return JSON.stringify(settings, (name, value: unknown) => {
    if (value === Infinity) return null;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value === 'number' && !Number.isFinite(value)) throw new ConfigError(`${name} must be a number, not ${value}`);
    if (typeof value === 'function' || typeof value === 'symbol') throw new ConfigError(`${name} must not be a ${typeof value}`);
    return value;
  });
}

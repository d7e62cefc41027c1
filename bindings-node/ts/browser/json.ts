/** Lenient access to the JSON of services. */

export type Fields = Record<string, unknown>;

/** JSON whose unpaired surrogates are replaced, as in every language of this package. */
export function parsed(json: string): unknown {
  return JSON.parse(json, /\\u[dD]/.test(json) ? (_, value) => (typeof value === 'string' ? wellFormed(value) : value) : undefined);
}

/** The object in a JSON text; an error for anything else. */
export function object(json: string): Fields {
  const value = parsed(json);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('it is not an object');
  return value as Fields;
}

export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd');
}

/** A string, unless it is empty; a number as its digits in the JSON, which may be more than a number of JavaScript holds. */
export function word(fields: Fields, name: string, json: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'string') return value || undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : new RegExp(`"${name}"\\s*:\\s*([-+.\\w]+)`).exec(json)?.[1];
  return undefined;
}

/** Standard Base64 with its padding; `undefined` for anything else. */
export function base64(value: unknown): string | undefined {
  try {
    const bare = String(value).trim().replace(/=+$/, '');
    const whole = btoa(atob(bare));
    return whole && whole.replace(/=+$/, '') === bare ? whole : undefined;
  } catch {
    return undefined;
  }
}

export function bytes(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
}

/** True for the value of an error field that reports something: services send empty ones on success. */
export function reports(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(reports);
  return value !== undefined && !/^\s*(0|200|ok|success|null|none|false)?\s*$/i.test(String(value));
}

/** The words of an error for a person, in the forms that services use. */
export function words(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() ? value : undefined;
  if (Array.isArray(value)) return value.map(words).filter(Boolean).join('; ') || undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const name of ['error', 'message', 'msg', 'detail', 'title']) {
    const found = words((value as Fields)[name]);
    if (found) return found;
  }
  return undefined;
}

/** The start of a body that is not an error object, such as a proxy's page, as one line. */
export function excerpt(text: string): string {
  return text.slice(0, 9999).replace(/<[^>]*>?/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 200);
}

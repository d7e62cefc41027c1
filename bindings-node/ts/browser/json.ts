/** Lenient access to the JSON of services. */

// Any service may send anything here: each reader looks at the types of its own fields.
export type Fields = Record<string, any>;

/** The object in a JSON text, `undefined` if there is none. Half surrogate pairs are replaced, as in every language of this package. */
export function object(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json, /\\ud/i.test(json) ? repair : undefined);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** JSON without half surrogate pairs, which services cannot read. */
export const json = (value: unknown): string => JSON.stringify(value, repair);

const repair = (_: string, value: unknown) => (isString(value) ? value.replace(/\p{Cs}/gu, '\ufffd') : value);
export const isString = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is Fields => Object(value) === value;

/** Base64 with its padding; `undefined` for anything else. */
export function base64(value: unknown): string | undefined {
  try {
    return isString(value) ? btoa(atob(value)) || undefined : undefined;
  } catch {
    return undefined;
  }
}

/** True for the value of an error field that reports something: services send empty ones on success. */
export function reports(value: unknown): boolean {
  return isObject(value) ? Object.values(value).some(reports) : value !== undefined && !/^\s*(0|200|ok|success|null|none|false)?\s*$/i.test(value as string);
}

/** The words of an error for a person, in the forms that services use; nothing if there are none. */
function words(value: unknown): string | undefined {
  if (!isObject(value)) return isString(value) ? value.trim() : undefined;
  return words(value['message']) || words(value['error']) || words(value['detail']);
}

/** The words of a reply for a person: those of its JSON, or else its start. */
export const said = (text: string, value: unknown = object(text)): string => words(value) || excerpt(text);

/** The start of a text that cannot be read, such as a proxy's page, as one line. */
export const excerpt = (text: string) => text.replace(/(<[^>]*>?|\s)+/g, ' ').trim().slice(0, 200);

/** JSON → event, in the variations that services really send. */

import type { TurnEvent } from '../turn-types.js';
import { base64, object, reports, word, type Fields } from './json.js';

/** The end of a turn that failed. */
export interface ErrorEvent {
  type: 'error';
  message: string;
  code: string | undefined;
}

/**
 * The event of a JSON text; `undefined` for one of an unknown type, and for one that cannot be read and is not needed. It throws
 * where the reply would be incomplete without it.
 */
export function turnEvent(json: string): TurnEvent | ErrorEvent | undefined {
  if (/^\s*(null\s*)?$/.test(json)) return undefined;
  const fields = object(json);
  const { type, content, label, stage, seq, mime, audioBase64, text } = fields;
  const id = (name: string) => word(fields, name, json);
  const given = <Names extends string>(...names: Names[]) => named(names, id);
  switch (type) {
    case 'content':
      if (content === undefined || content === null) return undefined;
      if (typeof content !== 'string') throw new TypeError('an event of type "content" needs a text');
      return { type, content };
    case 'done': {
      const flags = named(['stopped', 'fallback'], (name) => (fields[name] === true ? true : undefined));
      return { type, ...flags, ...given('turnId', 'messageId', 'replyId', 'model') };
    }
    case 'error':
      return { type, message: reason(fields), code: id('code') };
    case 'turn': {
      const ids = given('turnId', 'messageId', 'replyId');
      return Object.keys(ids).length === 3 ? { type, ...(ids as Required<typeof ids>) } : undefined;
    }
    case 'workspace': {
      const workspaceId = id('workspaceId');
      return workspaceId === undefined ? undefined : { type, workspaceId };
    }
    case 'sentiment':
      return typeof label === 'string' ? { type, label } : undefined;
    case 'stage_failed':
      return typeof stage === 'string' ? { type, stage, message: reason(fields), ...given('code') } : undefined;
    case 'audio': {
      const audio = base64(audioBase64);
      return audio === undefined ? undefined : { type, seq: isCount(seq) ? seq : 0, mime: string(mime) ?? 'audio/mpeg', audioBase64: audio, text: string(text) ?? '' };
    }
    case 'usage': {
      const counts = named(['promptTokens', 'completionTokens', 'totalTokens'], (name) => (fields[name] ?? undefined) as number | undefined);
      const known = Object.values(counts);
      if (!known.length || !known.every(isCount)) return undefined;
      const { promptTokens, completionTokens } = counts;
      const sum = promptTokens !== undefined && completionTokens !== undefined ? { totalTokens: promptTokens + completionTokens } : {};
      return { type, ...sum, ...counts };
    }
  }
  // An event without a type can only be an error.
  return typeof type !== 'string' && reports(fields['error']) ? { type: 'error', message: reason(fields), code: id('code') } : undefined;
}

/** An object of those fields that have a value. */
function named<Names extends string, Value>(names: Names[], value: (name: Names) => Value | undefined): Partial<Record<Names, Value>> {
  const found: Partial<Record<Names, Value>> = {};
  for (const name of names) {
    const one = value(name);
    if (one !== undefined) found[name] = one;
  }
  return found;
}

const string = (value: unknown) => (typeof value === 'string' ? value : undefined);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The reason of a failure, in whatever form the service sends it. */
function reason(fields: Fields): string {
  for (const said of [fields['message'], fields['error']]) {
    const text = said === undefined || said === null ? '' : string(said) ?? string((said as Fields)['message']) ?? JSON.stringify(said);
    if (text.trim()) return text;
  }
  return 'the service gave no reason';
}

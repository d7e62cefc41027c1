/** JSON → event, in the variations that services really send. */

import type { TurnEvent } from '../turn-types.js';
import { base64, isString, object, reports, said, type Fields } from './json.js';

/** The end of a turn that failed. */
export interface ErrorEvent {
  type: 'error';
  message: string;
  code?: string;
}

/**
 * The event of a JSON text; `undefined` for one that has no meaning here, or cannot be read and is not needed. False for one
 * without which the reply would be incomplete.
 */
export function turnEvent(json: string): TurnEvent | ErrorEvent | undefined | false {
  const fields = object(json);
  if (!fields) return /^\s*(null\s*)?$/.test(json) && undefined;
  const { type, content } = fields;
  const event: Fields = { type };
  /** Takes those fields that can be read, and tells whether all of them can. */
  const take = (read: (value: unknown, name: string) => unknown, ...names: string[]) => {
    let isWhole = true;
    for (const name of names) {
      const value = read(fields[name], name);
      if (value === undefined) isWhole = false;
      else event[name] = value;
    }
    return isWhole;
  };
  const word = (_: unknown, name: string) => wordOf(fields, name, json);
  const fail = () => {
    take(word, 'code');
    event['message'] = said(json, fields);
    return true;
  };
  let isRead: unknown = true;
  switch (type) {
    case 'content':
      if (content != null && !isString(content)) return false;
      isRead = take(text, type);
      break;
    case 'done':
      take(word, 'turnId', 'messageId', 'replyId', 'model');
      take((value) => value === true || undefined, 'stopped', 'fallback');
      break;
    case 'turn':
      isRead = take(word, 'turnId', 'messageId', 'replyId');
      break;
    case 'workspace':
      isRead = take(word, 'workspaceId');
      break;
    case 'sentiment':
      isRead = take(text, 'label');
      break;
    case 'audio':
      Object.assign(event, { seq: 0, mime: 'audio/mpeg', text: '' });
      take(count, 'seq');
      take(text, 'mime', 'text');
      isRead = take(base64, 'audioBase64');
      break;
    case 'usage': {
      const given = ['promptTokens', 'completionTokens', 'totalTokens'].filter((name) => fields[name] != null);
      isRead = given.length && take(count, ...given);
      const { promptTokens, completionTokens, totalTokens = promptTokens + completionTokens } = event;
      if (totalTokens >= 0) event['totalTokens'] = totalTokens;
      break;
    }
    case 'stage_failed':
      isRead = take(text, 'stage') && fail();
      break;
    default:
      // An event without a type can only be an error.
      isRead = (type === 'error' || (!isString(type) && reports(fields['error']))) && fail();
      event['type'] = 'error';
  }
  return isRead ? (event as TurnEvent) : undefined;
}

export const text = (value: unknown) => (isString(value) ? value : undefined);
const count = (value: unknown) => (Number.isSafeInteger(value) && (value as number) >= 0 ? value : undefined);

/** A string, unless it is empty; a number as its digits in the JSON, which may be more than a number of JavaScript holds. */
export function wordOf(fields: Fields, name: string, json: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'number') return Number.isSafeInteger(value) ? `${value}` : new RegExp(`"${name}"\\s*:\\s*([-+.\\w]+)`).exec(json)?.[1];
  return text(value) || undefined;
}

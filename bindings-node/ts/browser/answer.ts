/** A whole reply of a service. */

import type { TurnEvent } from '../turn-types.js';
import { passes, type Call } from './call.js';
import { base64, isString, object, reports, words } from './json.js';
import { wordOf } from './turn-event.js';
import type { ChatAnswer } from './types.js';

/** The fields of an answer that has this one. */
function fieldsOf(call: Call, body: string, needed: string) {
  const fields = object(body) ?? {};
  const { error, reply } = fields;
  if (reports(error)) throw call.error('api', words(error) ?? JSON.stringify(error), { retryable: passes(error.code) });
  if (!isString(fields[needed])) throw call.unexpected(`an answer with \`${needed}\``, body, /^\s*</.test(body) ? undefined : 'decode');
  return { reply: reply as string, workspaceId: wordOf(fields, 'workspaceId', body), audioBase64: base64(fields['audioBase64']) };
}

const bytes = (audio = '') => Uint8Array.from(atob(audio), (byte) => byte.charCodeAt(0));

export const speech = (call: Call, body: string) => bytes(fieldsOf(call, body, 'audioBase64').audioBase64);

export function chatAnswer(call: Call, body: string): ChatAnswer {
  const { reply, workspaceId = null, audioBase64 } = fieldsOf(call, body, 'reply');
  return { reply, workspaceId, audio: audioBase64 ? bytes(audioBase64) : null, stopped: false, usage: null };
}

/** The events of a stream of the same reply. */
export function* answerEvents(call: Call, body: string): Iterable<TurnEvent> {
  const { reply, workspaceId, audioBase64 } = fieldsOf(call, body, 'reply');
  if (workspaceId) yield { type: 'workspace', workspaceId };
  if (reply) yield { type: 'content', content: reply };
  if (audioBase64) yield { type: 'audio', seq: 0, mime: 'audio/mpeg', audioBase64, text: reply };
  yield { type: 'done' };
}

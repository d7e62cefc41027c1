/** A whole reply of a service. */

import type { TurnEvent } from '../turn-types.js';
import type { Call } from './call.js';
import { base64, excerpt, isString, object, reports, words } from './json.js';
import { wordOf } from './turn-event.js';
import type { ChatAnswer } from './types.js';

/** The fields of an answer, which has this one. */
function fieldsOf(call: Call, body: string, needed: 'reply' | 'audioBase64') {
  const fields = object(body) ?? {};
  const { error, reply } = fields;
  if (reports(error)) throw call._error('api', words(error) || excerpt(body));
  const found = { reply: isString(reply) ? reply : undefined, workspaceId: wordOf(fields, 'workspaceId', body), audioBase64: base64(fields['audioBase64']) };
  if (found[needed] === undefined) throw call._unexpected(`an answer with ${needed}`, body, 'decode');
  return found as typeof found & { reply: string };
}

const bytes = (audio: string) => Uint8Array.from(atob(audio), (byte) => byte.charCodeAt(0));

export const speech = (call: Call, body: string) => bytes(fieldsOf(call, body, 'audioBase64').audioBase64 as string);

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

/** A whole reply of a service. */

import type { TurnEvent } from '../turn-types.js';
import type { Call } from './call.js';
import { base64, object, reports, said } from './json.js';
import { text, wordOf } from './turn-event.js';

/** A field that an answer must have. Without a result it may be empty, or is the JSON of a service that always sends some. */
export type Needed = 'reply' | 'audioBase64' | 'JSON';

/** The fields of an answer. */
export function fieldsOf(call: Call, body: string, needed: Needed) {
  const json = object(body.trim() || '{}');
  const fields = json ?? {};
  const { error, reply } = fields;
  if (reports(error)) throw call._error('api', said(body, error));
  const found = { JSON: json, reply: text(reply), workspaceId: wordOf(fields, 'workspaceId', body), audioBase64: base64(fields['audioBase64']) };
  if (found[needed] === undefined) throw call._unexpected(`an answer with ${needed}`, body, 'decode');
  return found as typeof found & { reply: string };
}

export const bytes = (audio: string) => Uint8Array.from(atob(audio), (byte) => byte.charCodeAt(0));

/** The events of a stream of the same reply. */
export function* answerEvents(call: Call, body: string): Iterable<TurnEvent> {
  const { reply, workspaceId, audioBase64 } = fieldsOf(call, body, 'reply');
  if (workspaceId) yield { type: 'workspace', workspaceId };
  if (reply) yield { type: 'content', content: reply };
  if (audioBase64) yield { type: 'audio', seq: 0, mime: 'audio/mpeg', audioBase64, text: reply };
  yield { type: 'done' };
}

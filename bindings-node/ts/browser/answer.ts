/** A whole reply of a service. */

import type { TurnEvent } from '../turn-types.js';
import type { Call } from './call.js';
import { passes } from './call.js';
import { base64, bytes, excerpt, object, reports, word, words, type Fields } from './json.js';
import type { ChatAnswer } from './types.js';

/** The fields of a body that is not an error. */
function fields(call: Call, body: string): Fields {
  let found;
  try {
    found = object(body);
  } catch (cause) {
    if (/^\s*</.test(body)) throw call.error('unexpected_reply', `expected an answer, got an HTML page: ${excerpt(body)}`);
    throw call.error('decode', `expected an answer, got other data: ${excerpt(body)}`, { cause });
  }
  const { error } = found;
  if (!reports(error)) return found;
  const told = Object.values(error as Fields).map(String);
  throw call.error('api', words(error) ?? JSON.stringify(error), { retryable: told.some(passes) });
}

function lacking(call: Call, name: string, body: string) {
  return call.error('decode', `an answer without \`${name}\`: ${excerpt(body)}`);
}

/** The reply, its workspace and its audio in Base64. */
function whole(call: Call, body: string) {
  const found = fields(call, body);
  const { reply, audioBase64 } = found;
  if (typeof reply !== 'string') throw lacking(call, 'reply', body);
  return { reply, workspaceId: word(found, 'workspaceId', body), audioBase64: base64(audioBase64) };
}

export function chatAnswer(call: Call, body: string): ChatAnswer {
  const { reply, workspaceId = null, audioBase64 } = whole(call, body);
  return { reply, workspaceId, audio: audioBase64 === undefined ? null : bytes(audioBase64), stopped: false, usage: null };
}

/** The events of a stream of the same reply. */
export function answerEvents(call: Call, body: string): TurnEvent[] {
  const { reply, workspaceId, audioBase64 } = whole(call, body);
  const events: TurnEvent[] = [];
  if (workspaceId !== undefined) events.push({ type: 'workspace', workspaceId });
  if (reply) events.push({ type: 'content', content: reply });
  if (audioBase64 !== undefined) events.push({ type: 'audio', seq: 0, mime: 'audio/mpeg', audioBase64, text: reply });
  return [...events, { type: 'done' }];
}

export function speech(call: Call, body: string): Uint8Array {
  const audio = base64(fields(call, body)['audioBase64']);
  if (audio === undefined) throw lacking(call, 'audioBase64', body);
  return bytes(audio);
}

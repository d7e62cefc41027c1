/** The checks of options and requests, before anything is sent. */

import type { Call } from './call.js';
import { wellFormed } from './json.js';
import type { TurnRequest } from './types.js';

export const isBlank = (text: unknown) => typeof text !== 'string' || !text.trim();
const UUID = /^(?!0{8}-)[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/;
const FIELDS = ['message', 'workspaceId', 'createWorkspace', 'messageId', 'replyId', 'accessToken', 'refreshToken', 'speech'];

/** The JSON of a turn's request. A field that a chat service cannot honour is an error. */
export function turnBody(call: Call, request: TurnRequest, isWhole: boolean): string {
  const given = Object.entries(request ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const { message, workspaceId, createWorkspace = false, messageId, replyId, accessToken, refreshToken, speech = false } = Object.fromEntries(given) as { [Name in keyof TurnRequest]: NonNullable<TurnRequest[Name]> } & { message: string };
  const unknown = given.find(([name]) => !FIELDS.includes(name))?.[0];
  const why = unknown
    ? `a chat service takes no \`${unknown}\``
    : isBlank(message)
      ? 'the message is empty'
      : workspaceId !== undefined && (isBlank(workspaceId) || createWorkspace)
        ? 'the id of the workspace is empty, or a new one is asked for as well'
        : [messageId, replyId].some((id) => id !== undefined && !UUID.test(id)) || (messageId && messageId === replyId)
          ? 'messageId and replyId are two UUIDs in lower case'
          : !accessToken !== !refreshToken
            ? 'accessToken and refreshToken belong together'
            : speech && !isWhole
              ? 'speech comes with whole replies: use `send`, or `speak` after the stream'
              : undefined;
  if (why) throw call.error('invalid_request', why);
  return json({ message, createWorkspace, workspaceId, messageId, replyId, includeTts: isWhole ? speech : undefined });
}

/** JSON without half surrogate pairs, which services cannot read. */
export function json(fields: Record<string, unknown>): string {
  return JSON.stringify(fields, (_, value) => (typeof value === 'string' ? wellFormed(value) : value));
}

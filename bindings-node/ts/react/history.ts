/** The history of a chat store as messages. */

import type { Message } from './message.js';
import { whole } from './state.js';

/** A message as a chat store returns it. */
export interface StoredMessage {
  msgId: string;
  msgSenderRole: string;
  msgContent: string;
  /** Milliseconds since 1970, or a time that `Date` reads. */
  msgSentAt: number | string;
  parentMsgId?: string | null;
}

/**
 * The messages of a store's history, `GET /api/chat/history/{id}`, which returns them in no order: by their times, and each reply behind its
 * message, also if that was sent again later.
 */
export function fromHistory(rows: readonly StoredMessage[]): Message[] {
  const messages = rows.map(({ msgId: id, msgSenderRole, msgContent: content, msgSentAt, parentMsgId }) => ({
    id,
    role: msgSenderRole === 'AI' ? ('assistant' as const) : ('user' as const),
    content,
    createdAt: new Date(msgSentAt).getTime() || 0,
    ...(parentMsgId && { replyTo: parentMsgId }),
  }));
  messages.sort((one, other) => one.createdAt - other.createdAt);
  const places = new Map(messages.map(({ id }, place) => [id, place]));
  const place = (message: (typeof messages)[number]) => places.get(message.replyTo ?? message.id) ?? places.get(message.id)!;
  return whole(messages.sort((one, other) => place(one) - place(other) || Number(one.role === 'assistant') - Number(other.role === 'assistant')));
}

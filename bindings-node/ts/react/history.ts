/** The history of a chat store as messages. */

import { whole } from './state.js';
import type { Message } from './types.js';

/** A message as a chat store returns it. */
export interface StoredMessage {
  msgId: string;
  msgSenderRole: string;
  msgContent: string;
  /** Milliseconds since 1970, or a time that `Date` reads. */
  msgSentAt: number | string;
  parentMsgId?: string | null;
}

/** The messages of a store's history, `GET /api/chat/history/{id}`, in the order of their times: the store returns them in none. */
export function fromHistory(rows: readonly StoredMessage[]): Message[] {
  const messages = rows.map(({ msgId: id, msgSenderRole, msgContent: content, msgSentAt, parentMsgId }) => ({
    id,
    role: msgSenderRole === 'AI' ? ('assistant' as const) : ('user' as const),
    content,
    createdAt: new Date(msgSentAt).getTime() || 0,
    ...(parentMsgId && { replyTo: parentMsgId }),
  }));
  return whole(messages.sort((one, other) => one.createdAt - other.createdAt));
}

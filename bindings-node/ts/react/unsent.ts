/** Messages that are not known to be saved, in the page's storage. */

import type { Message } from './types.js';

/** The storage's name of them, for all conversations. */
const KEY = 'turnwire.unsent';

/** The conversation of messages. */
interface Place {
  /** The page's name of it, if it has one. */
  chat: string | undefined;
  workspaceId: string | null;
}

type Kept = Place & Pick<Message, 'id' | 'role' | 'content' | 'createdAt' | 'replyId'>;

/** The messages of a conversation that are kept, to be sent again. */
export function readUnsent(storage: Pick<Storage, 'getItem'>, place: Place): Message[] {
  const isHere = (kept: Kept) => (place.chat !== undefined ? kept.chat === place.chat : kept.workspaceId === place.workspaceId);
  return all(storage)
    .filter(isHere)
    .map(({ chat, workspaceId, ...message }) => ({ ...message, status: 'failed' }));
}

/** Keeps those of a conversation's messages that are unsent, and no others of them. */
export function keepUnsent(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, place: Place, messages: readonly Message[], isUnsent: (message: Message) => boolean): void {
  const ids = new Set(messages.map(({ id }) => id));
  const kept: Kept[] = all(storage).filter(({ id }) => !ids.has(id));
  for (const message of messages) {
    if (!isUnsent(message)) continue;
    const { id, role, content, createdAt, replyId } = message;
    kept.push({ ...place, id, role, content, createdAt, replyId });
  }
  try {
    if (kept.length > 0) storage.setItem(KEY, JSON.stringify(kept));
    else storage.removeItem(KEY);
  } catch {
    // A storage that is full or forbidden keeps nothing; the chat works without.
  }
}

function all(storage: Pick<Storage, 'getItem'>): Kept[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

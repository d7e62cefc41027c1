/** Messages that are not known to be saved, in the page's storage. */

import type { Message } from './message.js';

/** The storage's name of them, for all conversations. */
const KEY = 'turnwire.unsent';

/** The conversation of messages. */
interface Place {
  /** The page's name of it, if it has one. */
  chat: string | undefined;
  workspaceId: string | null;
}

type Kept = Place & Pick<Message, 'id' | 'role' | 'content' | 'createdAt' | 'replyId'>;

/** Keeps unsent messages across a reload. */
export interface Unsent {
  /** The messages of a conversation that are kept. */
  read(place: Place): Message[];
  /** Keeps the unsent ones of a conversation's messages, and no others of them, nor the one that had the id `gone`. */
  keep(place: Place, messages: readonly Message[], isUnsent: (message: Message) => boolean, gone?: string): void;
}

/**
 * Keeps unsent messages in a storage of the page, such as `unsentIn(() => sessionStorage)`, which is asked for in the page alone. One
 * that is full or forbidden keeps nothing; the chat works without.
 */
export function unsentIn(storage: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): Unsent {
  const all = (): Kept[] => {
    try {
      const kept: unknown = JSON.parse(storage().getItem(KEY) ?? '[]');
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  };
  return {
    read(place) {
      const isHere = (kept: Kept) => (place.chat !== undefined ? kept.chat === place.chat : kept.workspaceId === place.workspaceId);
      return all()
        .filter(isHere)
        .map(({ chat, workspaceId, ...message }) => ({ ...message, status: 'failed' }));
    },
    keep(place, messages, isUnsent, gone) {
      const ids = new Set([gone, ...messages.map(({ id }) => id)]);
      const kept = all().filter(({ id }) => !ids.has(id));
      for (const message of messages) {
        if (!isUnsent(message)) continue;
        const { id, role, content, createdAt, replyId } = message;
        kept.push({ ...place, id, role, content, createdAt, replyId });
      }
      try {
        if (kept.length > 0) storage().setItem(KEY, JSON.stringify(kept));
        else storage().removeItem(KEY);
      } catch {
        // As if there were none.
      }
    },
  };
}

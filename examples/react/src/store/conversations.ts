/** The conversations of the user, as the chat store keeps them. */

import { fromHistory, type Message, type StoredMessage } from 'turnwire/react';

import { fromStore } from '../service';
import { userId } from '../session';

export interface Conversation {
  id: string;
  name: string;
}

interface StoredWorkspace {
  workspaceId: string;
  workspaceName: string | null;
  workspaceUpdatedAt: number | string | null;
}

/** The conversations of a call, and the most calls for the list: the store has them in the order in which they began. */
const PAGE = 100;
const MOST_PAGES = 20;

/** The conversations, the last used first. */
export async function conversations(signal?: AbortSignal): Promise<Conversation[]> {
  const found: StoredWorkspace[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const path = `/api/workspace/${userId()}/status?workspaceStatus=ACTIVE&offset=${page * PAGE}&size=${PAGE}`;
    const more = (await fromStore<StoredWorkspace[]>(path, signal)) ?? [];
    found.push(...more);
    if (more.length < PAGE) break;
  }
  return found
    .sort((a, b) => time(b.workspaceUpdatedAt) - time(a.workspaceUpdatedAt))
    .map(({ workspaceId, workspaceName }) => ({ id: workspaceId, name: workspaceName ?? '' }));
}

/** The messages of a conversation, the earliest first. */
export async function history(workspaceId: string, signal?: AbortSignal): Promise<Message[]> {
  return fromHistory((await fromStore<StoredMessage[]>(`/api/chat/history/${encodeURIComponent(workspaceId)}`, signal)) ?? []);
}

const time = (at: number | string | null) => (at === null ? 0 : new Date(at).getTime());

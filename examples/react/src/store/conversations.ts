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

/** The number of conversations in the list. */
const MOST = 100;

/** The conversations, the last used first. */
export async function conversations(signal?: AbortSignal): Promise<Conversation[]> {
  const path = `/api/workspace/${userId()}/status?workspaceStatus=ACTIVE&offset=0&size=${MOST}`;
  const found = (await fromStore<StoredWorkspace[]>(path, signal)) ?? [];
  return found
    .sort((a, b) => time(b.workspaceUpdatedAt) - time(a.workspaceUpdatedAt))
    .map(({ workspaceId, workspaceName }) => ({ id: workspaceId, name: workspaceName ?? '' }));
}

/** The messages of a conversation, the earliest first. */
export async function history(workspaceId: string, signal?: AbortSignal): Promise<Message[]> {
  return fromHistory((await fromStore<StoredMessage[]>(`/api/chat/history/${encodeURIComponent(workspaceId)}`, signal)) ?? []);
}

const time = (at: number | string | null) => (at === null ? 0 : new Date(at).getTime());

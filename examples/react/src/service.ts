/** The chat service of the page, and the calls of the chat store. */

import { ChatService } from 'turnwire/browser';

import { accessToken, keep, refreshToken, renew, storeUrl, tokenHeaders } from './session';

/** Without `VITE_CHAT_URL` the service is on the page's own origin. */
const { VITE_CHAT_URL: chatUrl = '' } = import.meta.env as Record<string, string | undefined>;

export const service = new ChatService({ baseURL: chatUrl, accessToken, refreshToken, refresh: renew, onTokens: keep });

/** A call of the chat store: its `data`, or `null` without any. */
export async function fromStore<Data>(path: string, signal?: AbortSignal, isRenewed = false): Promise<Data | null> {
  const response = await fetch(storeUrl + path, { headers: tokenHeaders(), credentials: 'include', signal: signal ?? null });
  if (response.status === 401 && !isRenewed && (await renew())) return fromStore(path, signal, true);
  if (response.status === 204) return null;
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
  return (await response.json()).data;
}

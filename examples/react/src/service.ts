/** The chat service of the page, and the tokens of the page's user. */

import { ChatService } from 'turnwire/browser';

/** Without `VITE_CHAT_URL` the service is on the page's own origin; without `VITE_STORE_URL` the store is where the service is. */
const { VITE_CHAT_URL: chatUrl = '', VITE_STORE_URL: storeUrl = chatUrl } = import.meta.env as Record<string, string | undefined>;

/** The user of a service without a login. */
const ONLY_USER = '11111111-1111-4111-8111-111111111111';

/** The application's login puts the tokens there. */
const tokens = {
  get access() {
    return localStorage.getItem('accessToken');
  },
  get refresh() {
    return localStorage.getItem('refreshToken');
  },
};

export const service = new ChatService({
  baseURL: chatUrl,
  accessToken: () => tokens.access,
  refreshToken: () => tokens.refresh,
  refresh: renew,
  onTokens: ({ accessToken, refreshToken }) => keep(accessToken, refreshToken),
});

/** The id of the page's user: a claim of the access token. */
export function userId(): string {
  const claims = tokens.access?.split('.')[1];
  if (!claims) return ONLY_USER;
  const bytes = Uint8Array.from(atob(claims.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)).member.memUUID;
}

/** A call of the chat store: its `data`, or `null` without any. */
export async function fromStore<Data>(path: string, signal?: AbortSignal, isRenewed = false): Promise<Data | null> {
  const response = await fetch(storeUrl + path, { headers: headers(), credentials: 'include', signal: signal ?? null });
  if (response.status === 401 && !isRenewed && (await renew())) return fromStore(path, signal, true);
  if (response.status === 204) return null;
  if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
  return (await response.json()).data;
}

function headers(): Record<string, string> {
  const { access, refresh } = tokens;
  return access && refresh ? { Authorization: `Bearer ${access}`, RefreshToken: `Bearer ${refresh}` } : {};
}

let renewing: Promise<boolean> | null = null;

/** Asks the store for a new access token, once for all calls that wait for it. */
function renew(): Promise<boolean> {
  renewing ??= reissue().finally(() => (renewing = null));
  return renewing;
}

async function reissue(): Promise<boolean> {
  if (!tokens.refresh) return false;
  const response = await fetch(`${storeUrl}/reissue`, { method: 'POST', headers: { ...headers(), extendLogin: 'true' }, credentials: 'include' });
  const bare = (name: string) => response.headers.get(name)?.replace(/^Bearer /, '');
  if (response.ok) keep(bare('Authorization'), bare('refreshToken'));
  return response.ok;
}

function keep(access: string | null | undefined, refresh: string | null | undefined) {
  if (access) localStorage.setItem('accessToken', access);
  if (refresh) localStorage.setItem('refreshToken', refresh);
}

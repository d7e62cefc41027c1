/** The login of the page's user: two tokens, which the store issues and renews. */

import { forgetUnsent } from './store/unsent';

/** Without `VITE_STORE_URL` the store is where the chat service is. */
const { VITE_CHAT_URL: chatUrl = '', VITE_STORE_URL = chatUrl, VITE_LOGIN_URL: loginUrl } = import.meta.env as Record<string, string | undefined>;

export const storeUrl = VITE_STORE_URL;

/** The user of a service without a login. */
const ONLY_USER = '11111111-1111-4111-8111-111111111111';

/** The names of the tokens in `localStorage`, which a login of the application's own may put there. */
const ACCESS = 'accessToken';
const REFRESH = 'refreshToken';
/** It is there if the tokens ran out, so that other tabs know it from a user who leaves. */
const EXPIRED = 'loginExpired';

export const accessToken = () => localStorage.getItem(ACCESS);
export const refreshToken = () => localStorage.getItem(REFRESH);

/** Returns true if the page can be used: with tokens, or where no login is asked for. */
export const isSignedIn = () => !loginUrl || accessToken() !== null;

const listeners = new Set<() => void>();

/** Calls the listener when the user signs in or out, here or in another tab, until the returned function is called. */
export function onSession(listener: () => void): () => void {
  const changed = ({ key }: StorageEvent) => {
    if ((key === ACCESS || key === null) && !isSignedIn() && !hasExpired()) leave();
    listener();
  };
  listeners.add(listener);
  addEventListener('storage', changed);
  return () => {
    listeners.delete(listener);
    removeEventListener('storage', changed);
  };
}

/** Returns false if the name or the password is wrong. */
export async function signIn(name: string, password: string): Promise<boolean> {
  const response = await fetch(loginUrl!, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
    credentials: 'include',
  });
  if (response.status === 401) return false;
  if (!response.ok) throw new Error(`POST ${loginUrl}: ${response.status}`);
  keepTokensOf(response);
  return true;
}

/** The tokens ran out, and the user has to sign in again. */
export const hasExpired = () => localStorage.getItem(EXPIRED) !== null;

/** Ends the login; `null` where the page has none of its own. */
export const signOut = loginUrl
  ? (isExpired = false) => {
      if (isExpired) localStorage.setItem(EXPIRED, 'yes');
      else localStorage.removeItem(EXPIRED);
      localStorage.removeItem(ACCESS);
      localStorage.removeItem(REFRESH);
      if (!isExpired) leave();
      listeners.forEach((listener) => listener());
    }
  : null;

/** Nothing of the user stays in this tab: not the texts, and not the page with what it knows. */
function leave() {
  forgetUnsent();
  history.replaceState(null, '', location.pathname + location.search);
  location.reload();
}

/** The id of the user: a claim of the access token. */
export function userId(): string {
  const claims = accessToken()?.split('.')[1];
  if (!claims) return ONLY_USER;
  try {
    const bytes = Uint8Array.from(atob(claims.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)).member.memUUID;
  } catch {
    // A token of another kind.
    return ONLY_USER;
  }
}

/** The headers of a call of the store. */
export function tokenHeaders(): Record<string, string> {
  const [access, refresh] = [accessToken(), refreshToken()];
  return access && refresh ? { Authorization: `Bearer ${access}`, RefreshToken: `Bearer ${refresh}` } : {};
}

let renewing: Promise<boolean> | null = null;

/** Asks the store for new tokens, once for all calls that wait for them. Returns false if the user must sign in again. */
export function renew(): Promise<boolean> {
  renewing ??= reissue().finally(() => (renewing = null));
  return renewing;
}

async function reissue(): Promise<boolean> {
  if (!refreshToken()) return false;
  const response = await fetch(`${storeUrl}/reissue`, { method: 'POST', headers: { ...tokenHeaders(), extendLogin: 'true' }, credentials: 'include' });
  if (response.ok) keepTokensOf(response);
  if (response.status === 401) signOut?.(true);
  return response.ok;
}

function keepTokensOf(response: Response) {
  const bare = (name: string) => response.headers.get(name)?.replace(/^Bearer /, '');
  keep({ accessToken: bare('Authorization'), refreshToken: bare('refreshToken') });
}

/** Keeps the tokens that are given. */
export function keep({ accessToken, refreshToken }: { accessToken?: string | null | undefined; refreshToken?: string | null | undefined }) {
  localStorage.removeItem(EXPIRED);
  if (accessToken) localStorage.setItem(ACCESS, accessToken);
  if (refreshToken) localStorage.setItem(REFRESH, refreshToken);
  listeners.forEach((listener) => listener());
}

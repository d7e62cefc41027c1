/** The user's tokens: the existing front end keeps them in `localStorage`, and the store renews them. */

/** Without REACT_APP_STORE_URL the store is where the chat service is. */
const storeUrl = process.env.REACT_APP_STORE_URL ?? process.env.REACT_APP_CHAT_URL ?? '';

export const accessToken = () => localStorage.getItem('accessToken');
export const refreshToken = () => localStorage.getItem('refreshToken');

/** Keeps the tokens that are given. */
export function keep(tokens) {
  for (const [name, token] of Object.entries(tokens)) if (token) localStorage.setItem(name, token);
}

/** Asks the store for new tokens. Returns false if the user must sign in again. */
export async function renew() {
  if (!refreshToken()) return false;
  const response = await fetch(`${storeUrl}/reissue`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${accessToken()}`, RefreshToken: `Bearer ${refreshToken()}`, extendLogin: 'true' },
    credentials: 'include',
  });
  const bare = (name) => response.headers.get(name)?.replace(/^Bearer /, '');
  if (response.ok) keep({ accessToken: bare('Authorization'), refreshToken: bare('RefreshToken') });
  return response.ok;
}

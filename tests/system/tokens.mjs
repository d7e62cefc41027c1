/** Tokens as the store issues them: JWTs that are signed with its secret. */

import { createHmac } from 'node:crypto';

/** A token with these claims. The secret is in Base64. */
export function signed(claims, secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', Buffer.from(secret, 'base64')).update(text).digest('base64url')}`;
}

/** The claims of a token, which are not checked. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** Both tokens of a user, each good for some seconds. */
export function pairOf(user, secret, seconds) {
  const exp = Math.floor(Date.now() / 1000) + seconds;
  return ['access', 'refresh'].map((category) => signed({ category, member: { memUUID: user }, exp }, secret));
}

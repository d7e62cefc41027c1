/** The users of the chat services of these examples. */

import { createHmac, timingSafeEqual } from 'node:crypto';

const secret = Buffer.from(process.env.JWT_SECRET ?? '', 'base64');
if (process.env.TURNWIRE_STORE_URL && secret.length === 0) {
  throw new Error("TURNWIRE_STORE_URL needs JWT_SECRET: the store's secret in base64, which its access tokens are checked with");
}

/** The address of the server: without a login, only this machine's programs are its users. */
export const host = secret.length === 0 ? '127.0.0.1' : '0.0.0.0';

/**
 * The user's id, from the access token; `null` is answered with 401.
 * @param {Request} request
 * @returns {string | null}
 */
export function authenticate(request) {
  if (secret.length === 0) return '11111111-1111-4111-8111-111111111111'; // without a login there is one user
  const [head, body = '', signature = ''] = (request.headers.get('authorization') ?? '').replace(/^Bearer /, '').split('.');
  const right = createHmac('sha256', secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  const { exp, member } = JSON.parse(Buffer.from(body, 'base64url').toString());
  return Date.now() < exp * 1000 ? member.memUUID : null;
}

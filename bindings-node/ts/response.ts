/** A response that has begun, as the web's class. */

import type { Opened, Raise } from './opened.js';

/** The response, with its body as it arrives. The errors of its body pass through `raise`. */
export function responseOf({ head, body }: Pick<Opened<unknown>, 'head' | 'body'>, raise?: Raise): Response {
  const response = new Response(hasNoBody(head.status) ? null : body(raise), { status: head.status, headers: head.headers });
  return Object.defineProperty(response, 'url', { value: head.url ?? '', configurable: true });
}

/** Responses of these statuses have none, and `Response` takes none (Fetch, "null body status"). */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 205;
}

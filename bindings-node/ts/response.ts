/** A response that has begun, as the web's class. */

import type { Opened } from './promise.js';

/** The response, with its body as it arrives. */
export function responseOf({ head, body }: Opened<unknown>): Response {
  const response = new Response(hasNoBody(head.status) ? null : body(), { status: head.status, headers: head.headers });
  return Object.defineProperty(response, 'url', { value: head.url ?? '', configurable: true });
}

/** Responses of these statuses have none, and `Response` takes none (Fetch, "null body status"). */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 205;
}

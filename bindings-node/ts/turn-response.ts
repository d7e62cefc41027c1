/** A turn as the response of a server. */

import type { ActiveCall } from './active-call.js';
import { native } from './native.js';
import { pipe, type ServerResponseLike } from './pipe.js';

/** The form of a response's bytes: the event stream of a chat service, the AI SDK's UI message stream, or plain text. */
export type Wire = 'sse' | 'ui' | 'text';

/** A response of the web on this wire. `init` may add to its headers, and replace them. */
export function responseOn(wire: Wire, body: () => ReadableStream<Uint8Array>, init: ResponseInit = {}): Response {
  const headers = new Headers(init.headers);
  for (const [name, value] of native.responseHeaders(wire)) if (!headers.has(name)) headers.set(name, value);
  // One that is not valid throws before the turn has a reader. Hono's `Response` in place of the global one checks nothing until it is used.
  void new Response('', { ...init, headers }).bodyUsed;
  return new Response(body(), { ...init, headers });
}

/** Sends the bytes on this wire as a response of Node, with those of its headers that are not set yet. */
export async function pipeOn(wire: Wire, call: ActiveCall, response: ServerResponseLike): Promise<void> {
  if (!response.headersSent) {
    for (const [name, value] of native.responseHeaders(wire)) if (!response.hasHeader(name)) response.setHeader(name, value);
  }
  await pipe({ bytes: () => call.piece<Uint8Array>(), close: () => call.close() }, response);
}

/** The tests of the routes of a chat service share these: requests, servers, and a reply that never ends. */

import { once } from 'node:events';
import http from 'node:http';

export const USER = '0b1e55ed-0000-4000-8000-000000000001';
export const user = () => USER;
export const silent = { steps: [{ role: 'assistant' }, { text: '안녕' }, { stall: true }] };

/** A request of a page. */
export const post = (path, json = { message: 'm' }, init) =>
  new Request(`http://chat.example${path}`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: 'Bearer secret' }, body: JSON.stringify(json), ...init });

/** Serves a listener, and closes it at the end of `use`. */
export async function served(listener, use, server = http.createServer(listener)) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    return await use(`http://127.0.0.1:${server.address().port}`, server.address().port);
  } finally {
    server.close();
  }
}

/** A server before a chat service and its store, as in production: it has the built page, and the calls are on its own origin. */

import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { extname, join } from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** The page needs no more than this: nothing inline, nothing evaluated, no other server. */
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves a folder, and passes what begins with `/chat` or `/api` and `/reissue` on. */
export async function startFront(folder, { chat, store }) {
  const files = new Map(readdirSync(folder, { recursive: true }).map((name) => [`/${name}`, join(folder, name)]));
  const front = { isDown: false, running: new Set() };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const to = pathname.startsWith('/chat') ? chat : /^\/(api\/|reissue)/.test(pathname) ? store : null;
    if (to) return pass(front, to, request, response);
    const file = files.get(pathname === '/' ? '/index.html' : pathname);
    if (!file || !extname(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(front, {
    url: `http://127.0.0.1:${server.address().port}/`,
    /** Cuts the connections of the calls that run. */
    cut() {
      for (const response of front.running) response.destroy();
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
}

function pass(front, to, request, response) {
  if (front.isDown) return request.socket.destroy();
  const { method, headers, url } = request;
  const call = http.request(to + url, { method, headers: { ...headers, host: new URL(to).host } }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
    answer.once('error', () => response.destroy());
  });
  front.running.add(response);
  // A client that leaves is seen by the service as well.
  response.once('close', () => {
    front.running.delete(response);
    call.destroy();
  });
  call.once('error', () => response.destroy());
  request.pipe(call);
}

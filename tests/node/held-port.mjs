/** Ports for programs that cannot tell which one they took. */

import { once } from 'node:events';
import net from 'node:net';

/** The listener that ports are held with. */
let holder;

/**
 * A port for a program of this process, and for one that takes its place, until the end of this process. A connection from the port holds it:
 * the system gives it to nobody meanwhile, and who asks for it can listen there, as the port has no listener.
 */
export async function heldPort() {
  holder ??= listener();
  const held = net.connect({ port: (await holder).address().port, host: '127.0.0.1', localAddress: '127.0.0.1' });
  await once(held, 'connect');
  held.unref();
  return held.localPort;
}

async function listener() {
  const server = net.createServer((socket) => socket.unref()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.unref();
}

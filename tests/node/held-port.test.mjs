/** Ports that are held for a program. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';

import { heldPort } from './held-port.mjs';

/** Enough that some would be given away if they were not held. */
const [HELD, ASKED] = [200, 1500];

async function listening(...place) {
  const server = net.createServer().listen(...place);
  await once(server, 'listening');
  return server;
}

async function closed(server) {
  server.close();
  await once(server, 'close');
}

test('a port that is held is given to nobody else', async () => {
  const held = new Set(await Promise.all(Array.from({ length: HELD }, heldPort)));
  assert.equal(held.size, HELD);
  for (let asked = 0; asked < ASKED; asked += 1) {
    const server = await listening(0, '127.0.0.1');
    const { port } = server.address();
    await closed(server);
    assert.ok(!held.has(port), `${port} is held`);
  }
});

test('one program listens on a port that is held for it, and another in its place', async () => {
  const port = await heldPort();
  const refused = once(net.connect(port, '127.0.0.1'), 'connect');
  await assert.rejects(refused, { code: 'ECONNREFUSED' });
  for (const host of ['127.0.0.1', undefined]) {
    const server = await listening(port, host);
    await assert.rejects(listening(port, host), { code: 'EADDRINUSE' });
    const visitor = net.connect(port, '127.0.0.1');
    await once(visitor, 'connect');
    visitor.destroy();
    await closed(server);
  }
});

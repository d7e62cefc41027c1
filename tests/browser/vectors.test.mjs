/** The cases of a turn's events that every language runs, read by the build for pages: `tests/vectors/events`. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import * as esm from 'turnwire/browser';

import { startChat } from '../node/fake.mjs';
import { bodyOf, join, pieces, random } from './bodies.mjs';

const cjs = createRequire(import.meta.url)('turnwire/browser');
const files = ['reading', 'content', 'odd', 'codes', 'stop'];
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(`../vectors/events/${file}.json`, import.meta.url), 'utf8')).map((one) => ({ file, ...one })));
const CUTS = 500;

let server;
before(async () => {
  server = await startChat();
  await server.workspace('ws-1');
});
after(() => server.close());

test('there are cases', () => assert.ok(cases.length >= 72, `only ${cases.length}`));

for (const { file, name, wire = 'events', script, events, error: expected, ...others } of cases) {
  for (const [format, { ChatService, TurnwireError }] of Object.entries({ esm, cjs })) {
    test(`${file}: ${name}, from a service (${format})`, async () => {
      assert.deepEqual(others, {}, 'a field that this runner does not know');
      await server.script(script, name);
      const service = new ChatService({ baseURL: server.url, accessToken: 'the-access-token', refreshToken: 'the-refresh-token', fallback: false, wire });
      compare(wire, await read(() => service.stream({ message: name, workspaceId: 'ws-1' })), events, expected, TurnwireError);
    });
  }

  test(`${file}: ${name}, in ${CUTS} random cuts`, async () => {
    const { status, headers, bytes, isCut } = bodyOf(script);
    const next = random(name);
    for (let seed = 0; seed < CUTS; seed += 1) {
      const answer = () => Promise.resolve(new Response(pieces(bytes, next, isCut), { status, headers }));
      const service = new esm.ChatService({ fallback: false, wire, fetch: answer });
      compare(wire, await read(() => service.stream({ message: name })), events, expected, esm.TurnwireError);
    }
  });
}

async function read(open) {
  const events = [];
  try {
    for await (const event of await open()) events.push(event);
  } catch (error) {
    return { events, error };
  }
  return { events };
}

function compare(wire, { events, error }, wanted, expected, TurnwireError) {
  // The pieces of bare text are those of the network.
  const joined = wire === 'text' ? join : (same) => same;
  assert.deepEqual(joined(events), joined(wanted), error?.stack);
  if (!expected) return assert.equal(error, undefined);
  assert.ok(error instanceof TurnwireError, String(error));
  assert.deepEqual([error.errorCode, error.code, error.partial], [expected.code, expected.code, expected.partial ?? undefined], error.stack);
  assert.ok(error.message.includes(expected.message ?? ''), error.message);
  assert.equal(error.retryable, expected.retryable ?? error.retryable, error.message);
}

/** The cases of a turn's events that every language runs, as the client of a chat service reads them: `tests/vectors/events`. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { ChatService, TurnwireError } from 'turnwire';

import { startChat } from './fake.mjs';

const files = ['reading', 'content', 'odd', 'codes', 'stop'];
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(`../vectors/events/${file}.json`, import.meta.url), 'utf8')).map((one) => ({ file, ...one })));

let server;
before(async () => {
  server = await startChat();
  await server.workspace('ws-1');
});
after(() => server.close());

test('there are cases', () => assert.ok(cases.length >= 72, `only ${cases.length}`));

for (const { file, name, wire = 'events', script, events, error: expected, ...others } of cases) {
  test(`${file}: ${name}`, async () => {
    assert.deepEqual(others, {}, 'a field that this runner does not know');
    await server.script(script, name);
    const service = new ChatService({ baseURL: server.url, accessToken: 'a', refreshToken: 'r', fallback: false, wire });
    const found = [];
    let error;
    try {
      for await (const event of await service.stream({ message: name, workspaceId: 'ws-1' })) found.push(event);
    } catch (thrown) {
      error = thrown;
    }
    assert.deepEqual(found, events);
    if (!expected) return assert.equal(error, undefined);
    assert.ok(error instanceof TurnwireError, String(error));
    assert.deepEqual([error.errorCode, error.partial], [expected.code, expected.partial ?? undefined], error.stack);
    assert.ok(error.message.includes(expected.message ?? ''), error.message);
    assert.equal(error.retryable, expected.retryable ?? error.retryable);
  });
}

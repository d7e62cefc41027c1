/** The cases of `tests/vectors/service`, for the builds of the package that have a client of the chat service. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { startChat } from './fake.mjs';

const folder = new URL('../vectors/service/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')).map((one) => ({ file, ...one })));

const FIELDS = ['file', 'name', 'settings', 'call', 'arguments', 'answers', 'sent', 'error'];

/** Tests a build by all cases; `settings` are those without which it would try again. */
export function testCases({ ChatService, TurnwireError }, settings = {}) {
  let fake;
  before(async () => {
    fake = await startChat();
  });
  after(() => fake.close());

  test('there are cases', () => assert.ok(cases.length >= 8, `only ${cases.length}`));

  for (const one of cases) test(`${one.file}: ${one.name}`, () => run(one));

  async function run(one) {
    assert.deepEqual(Object.keys(one).filter((name) => !FIELDS.includes(name)), [], 'a field that this runner does not know');
    await fake.reset();
    for (const [key, script] of Object.entries(one.answers ?? {})) await fake.script(script, key);
    const tokens = { accessToken: 'the-access-token', refreshToken: 'the-refresh-token' };
    const service = new ChatService({ baseURL: fake.url, ...tokens, ...settings, ...one.settings });
    const call = service[one.call](...Object.values(one.arguments));
    if (one.error) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof TurnwireError);
        const { code, status, message_has } = one.error;
        assert.deepEqual([error.errorCode, error.status, error.operation], [code, status, `service.${one.call}`], error.stack);
        return error.message.includes(message_has) || assert.fail(error.message);
      });
    } else {
      assert.equal(await call, undefined);
    }
    if (one.sent) assert.deepEqual((await fake.requests()).map(({ path, body }) => ({ path, body: JSON.parse(body) })), one.sent);
  }
}

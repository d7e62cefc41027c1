/** The cases of the chat store's client that every language runs: `tests/vectors/store`. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { ChatStore, TurnwireError } from 'turnwire';

import { startStore } from './fake.mjs';

const folder = new URL('../vectors/store/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')).map((one) => ({ file, ...one })));

const USER = '0b1e55ed-0000-4000-8000-000000000001';
const FIELDS = ['file', 'name', 'settings', 'call', 'arguments', 'answers', 'sent', 'result', 'error'];
/** The calls whose results are not the fields of core. */
const UNCHANGED = ['active_session'];

let store;
before(async () => {
  store = await startStore();
});
after(() => store.close());

test('there are cases', () => assert.ok(cases.length >= 30, `only ${cases.length}`));

for (const one of cases) test(`${one.file}: ${one.name}`, () => run(one));

async function run(one) {
  assert.deepEqual(Object.keys(one).filter((name) => !FIELDS.includes(name)), [], 'a field that this runner does not know');
  await store.reset();
  const { access, refresh } = await store.login(USER);
  for (const [key, script] of Object.entries(one.answers ?? {})) await store.script(script, key);
  const client = new ChatStore({ baseURL: store.url, accessToken: access, refreshToken: refresh, http: { retry: { maxRetries: 0 } }, ...camel(one.settings ?? {}) });
  const call = () => client[camelCase(one.call)](...Object.values(one.arguments).map(camel));
  if (one.error) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof TurnwireError);
      const { code, status, operation, message_has = '' } = one.error;
      assert.deepEqual([error.errorCode, error.status, error.operation], [code, status, operation], error.stack);
      return error.message.includes(message_has) || assert.fail(error.message);
    });
  } else {
    assert.deepEqual(await call() ?? null, UNCHANGED.includes(one.call) ? one.result : camel(one.result));
  }
  if (one.sent) assert.deepEqual((await store.requests()).map(sent), one.sent);
}

function sent({ method, path, query, body }) {
  return { method, path, ...(query === null ? {} : { query }), ...(body ? { body: JSON.parse(body) } : {}) };
}

/** The value with names in the case of JavaScript. */
function camel(value) {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [camelCase(name), camel(each)]));
}

function camelCase(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

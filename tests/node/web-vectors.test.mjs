/** The cases that every language and web framework runs: `tests/vectors/web`, by the handler alone and behind `node:http`. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { chatHandler, nodeHandler, OpenAI, SqliteStore, Turns } from 'turnwire';

import { camel, settings, spoken } from './cases.mjs';
import { startFake, startStore } from './fake.mjs';

const folder = new URL('../vectors/web/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')).map((one) => ({ file, ...one })));

const USER = '0b1e55ed-0000-4000-8000-000000000001';
const OTHER = '0b1e55ed-0000-4000-8000-000000000002';
const WORKSPACE = 'workspace-of-the-test';

const FIELDS = ['file', 'name', 'llm', 'settings', 'speaker', 'store', 'routes', 'user', 'running', 'before', 'request', 'status', 'headers', 'absent', 'json', 'text', 'events', 'beside', 'part_types', 'saved', 'asked'];

let llm;
let store;
let scratch;
/** The server, and what it answers with now. */
let server;
let handler;
before(async () => {
  [llm, store] = await Promise.all([startFake(), startStore()]);
  scratch = mkdtempSync(join(tmpdir(), 'turnwire-web-'));
  server = http.createServer(nodeHandler((request, incoming) => handler(request, incoming)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
after(() => {
  server.close();
  llm.close();
  store.close();
  rmSync(scratch, { recursive: true, maxRetries: 10 });
});

test('there are cases', () => assert.ok(cases.length >= 40, `only ${cases.length}`));

/** Ways to the handler. */
const WAYS = {
  'by the handler': (url, init) => handler(new Request(url, init)),
  'behind node:http': (url, init) => fetch(`http://127.0.0.1:${server.address().port}${new URL(url).pathname}`, init),
};

for (const one of cases) for (const [way, send] of Object.entries(WAYS)) test(`${one.file}: ${one.name}, ${way}`, () => run(one, send));

async function run(one, send) {
  assert.deepEqual(Object.keys(one).filter((name) => !FIELDS.includes(name)), [], 'a field that this runner does not know');
  await Promise.all([llm.reset(), store.reset()]);
  await store.workspace(WORKSPACE, USER);
  for (const [way, script] of Object.entries(one.llm ?? {})) await llm.script(script, way.includes(' ') ? way : `m ${way}`);
  const { access, refresh } = await store.login(USER);
  const embedded = one.store === 'embedded' ? new SqliteStore(join(mkdtempSync(join(scratch, 'store-')), 'chat.db')) : undefined;
  const values = { user: USER, 'other user': OTHER, workspace: (await embedded?.createWorkspace(USER, 'test'))?.id ?? WORKSPACE, access, refresh };
  const turns = new Turns(new OpenAI({ apiKey: 'k', baseURL: llm.baseURL, maxRetries: 0 }), {
    model: 'm',
    store: one.store === null ? undefined : (embedded ?? store.url),
    speaker: one.speaker && ((request) => spoken(one.speaker, request)),
    speech: one.speaker && { retries: 0 },
    ...settings(one.settings),
  });
  let user;
  const authenticate = async () => {
    if (user?.raises) throw new Error(user.raises);
    return filled(user, values);
  };
  const failures = [];
  handler = chatHandler(turns, { ...camel(one.routes ?? {}), authenticate, onError: (error) => failures.push(error.message) });
  const ask = (request, its = one.user) => {
    user = its === undefined ? '<user>' : its;
    return sent(send, request, values);
  };

  for (const { request, user } of one.before ?? []) await (await ask(request, user)).text();
  let running;
  if (one.running) {
    running = new Frames(await ask(one.running.request, one.running.user));
    await running.read(({ type }) => type === 'content');
    values['turn id'] = running.events.find(({ type }) => type === 'turn')?.turnId;
  }
  const reply = await ask(one.request);
  assert.equal(reply.status, one.status);
  for (const [name, value] of Object.entries(one.headers ?? {})) assert.equal(reply.headers.get(name), value, name);
  for (const name of one.absent ?? []) assert.equal(reply.headers.get(name), null, name);
  const body = await reply.text();
  if (one.status >= 400) assert.ok(!body.includes('secret'), body);
  if (one.request.method !== 'HEAD') compareBody(one, body, values);
  if (running) {
    await running.read(() => false);
    compare(running.events, filled(one.running.events, values));
  }
  assert.deepEqual(failures, user?.raises ? [user.raises] : []);

  await turns.flush({ timeout: 60_000 });
  assert.deepEqual(await saved(embedded), one.saved ?? []);
  const streams = (await llm.requests()).filter(({ body }) => JSON.parse(body).stream);
  assert.equal(streams.length, one.asked ?? 0);
}

/** Sends a request of a case. */
function sent(send, request, values) {
  const { method = 'POST', path, headers: own = {}, json, text, base64 } = filled(request, values);
  const headers = new Headers({ 'Content-Type': 'application/json', Authorization: `Bearer ${values.access}`, RefreshToken: `Bearer ${values.refresh}` });
  for (const [name, value] of Object.entries(own)) value === null ? headers.delete(name) : headers.set(name, value);
  const body = json !== undefined ? JSON.stringify(json) : base64 !== undefined ? Buffer.from(base64, 'base64') : text;
  return send(`http://chat.example${path}`, { method, headers, body });
}

/** The events of a response as they arrive. */
class Frames {
  events = [];
  #reader;
  #rest = '';
  #decoder = new TextDecoder();

  constructor(response) {
    assert.equal(response.status, 200);
    this.#reader = response.body.getReader();
  }

  /** Reads on until this is true of an event, or to the end. */
  async read(isEnough) {
    while (!this.events.some(isEnough)) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      const frames = (this.#rest + this.#decoder.decode(value, { stream: true })).split('\n\n');
      this.#rest = frames.pop();
      for (const frame of frames) if (frame.startsWith('data: ')) this.events.push(JSON.parse(frame.slice(6)));
    }
  }
}

function compareBody(one, body, values) {
  if (one.json !== undefined) assert.ok(isSame(JSON.parse(body), filled(one.json, values)), `${body}\nexpected\n${JSON.stringify(one.json)}`);
  if (one.text !== undefined) assert.equal(body, filled(one.text, values));
  const frames = () => body.split('\n\n').filter((frame) => frame.startsWith('data: ')).map((frame) => frame.slice(6));
  if (one.events) compare(frames().map((frame) => JSON.parse(frame)), filled(one.events, values), filled(one.beside ?? [], values));
  if (one.part_types) {
    assert.equal(frames().at(-1), '[DONE]');
    assert.deepEqual(frames().slice(0, -1).map((frame) => JSON.parse(frame).type), one.part_types);
  }
}

function compare(found, expected, beside = []) {
  const rest = [...found];
  for (const event of beside) {
    const at = rest.slice(0, -1).findIndex((each) => isSame(each, event));
    assert.ok(at >= 0, `no ${JSON.stringify(event)} in ${JSON.stringify(found)}`);
    rest.splice(at, 1);
  }
  assert.ok(isSame(rest, expected), `${JSON.stringify(found)}\nexpected\n${JSON.stringify(expected)}`);
}

/** Compares JSON, in which `<any>` stands for any text that is not empty. */
function isSame(found, wanted) {
  if (wanted === '<any>') return typeof found === 'string' && found !== '';
  if (typeof wanted !== 'object' || wanted === null) return found === wanted;
  if (typeof found !== 'object' || found === null || Array.isArray(found) !== Array.isArray(wanted)) return false;
  return Object.keys(found).length === Object.keys(wanted).length && Object.entries(wanted).every(([name, value]) => isSame(found[name], value));
}

/** JSON with values for `<user>` and the like. */
function filled(json, values) {
  if (typeof json === 'string') return json.replace(/<([a-z ]+)>/g, (all, name) => values[name] ?? all);
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((each) => filled(each, values));
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, filled(value, values)]));
}

/** Role and text of the messages in the store. */
async function saved(embedded) {
  if (!embedded) return (await store.stored()).messages.map(({ message }) => [message.msgSenderRole, message.msgContent]);
  const found = [];
  for (const { id } of await embedded.workspaces(USER)) for (const { role, content } of await embedded.history(USER, id)) found.push([role, content]);
  return found;
}

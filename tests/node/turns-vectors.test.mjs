/** The cases that every language runs: `tests/vectors/turns`, read as events and as the bytes of an event stream. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { OpenAI, Turns } from 'turnwire';

import { camel, settings, spoken } from './cases.mjs';
import { startFake, startStore } from './fake.mjs';

const folder = new URL('../vectors/turns/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const cases = files.flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')).map((one) => ({ file, ...one })));

const USER = '0b1e55ed-0000-4000-8000-000000000001';
const WORKSPACE = 'workspace-of-the-test';

let llm;
let store;
before(async () => {
  [llm, store] = await Promise.all([startFake(), startStore()]);
});
after(() => {
  llm.close();
  store.close();
});

test('there are cases', () => assert.ok(cases.length >= 40, `only ${cases.length}`));

for (const one of cases) {
  test(`${one.file}: ${one.name}, as events`, () => run(one, events));
  test(`${one.file}: ${one.name}, as bytes`, () => run(one, bytes));
}

const FIELDS = ['file', 'name', 'settings', 'llm', 'store', 'sentiment', 'speaker', 'request', 'leave', 'asked', 'events', 'beside', 'refused', 'error', 'error_event', 'error_message_has', 'saved', 'ids', 'workspace_name', 'flushed', 'stages', 'again', 'again_error', 'asked_again', 'timeline'];

async function run(one, read) {
  assert.deepEqual(Object.keys(one).filter((name) => !FIELDS.includes(name)), [], 'a field that this runner does not know');
  await Promise.all([llm.reset(), store.reset()]);
  await store.workspace(WORKSPACE, USER);
  for (const [way, script] of Object.entries(one.llm ?? {})) await llm.script(script, way.includes(' ') ? way : `m ${way}`);
  for (const [key, script] of Object.entries(one.store ?? {})) await store.script(script, key);
  const client = new OpenAI({ apiKey: 'k', baseURL: llm.baseURL, maxRetries: 0 });
  const turns = new Turns(client, {
    model: 'm',
    store: one.store === null ? undefined : store.url,
    sentiment: one.sentiment && (() => answered(one.sentiment)),
    speaker: one.speaker && ((request) => spoken(one.speaker, request)),
    speech: one.speaker && { retries: 0, onFailure: one.speaker.on_failure },
    ...settings(one.settings),
  });
  const values = { user: USER, workspace: WORKSPACE, ...(await store.login(USER)) };
  const request = filled(one.request, values);
  if (one.refused) {
    assert.throws(() => turns.start(request), { errorCode: one.error.code });
    assert.deepEqual(await turns.flush(), { delivered: 0, pending: 0, dead: 0 });
    assert.deepEqual([await llm.requests(), await store.requests()], [[], []]);
    return;
  }
  const turn = turns.start(request);
  await read(one, turns, turn, async (found, expected) => {
    if (one.again) await repeat(one, turns, { ...request, ...filled(one.again, values) });
    const report = await turns.flush({ timeout: 60_000 });
    const stored = await store.stored();
    for (const [count, number] of Object.entries(one.flushed ?? {})) assert.equal(report[count], number, count);
    if (one.saved) assert.deepEqual(stored.messages.map(({ message }) => [message.msgSenderRole, message.msgContent]), one.saved);
    if (one.ids) assert.deepEqual(stored.messages.map(({ message }) => message.msgId), one.ids);
    if (one.workspace_name) assert.equal(stored.workspaces.length, 2);
    if (one.workspace_name) assert.equal(stored.workspaces[1].workspaceName, one.workspace_name);
    const streams = (await llm.requests()).map(({ body }) => JSON.parse(body)).filter(({ stream }) => stream);
    if (one.again_error) assert.equal(streams.length, 1);
    for (const [at, asked] of [one.asked, one.asked_again].entries()) if (asked) assert.deepEqual(streams[at].messages, asked);
    compare(found, expected, one.beside ?? [], stored);
  });
  const timeline = turn.timeline();
  for (const [fact, expected] of Object.entries(camel(one.timeline ?? {}))) assert.deepEqual(timeline[fact], expected === null ? null : typeof expected === 'object' ? camel(expected) : expected, fact);
  const { stages } = timeline;
  for (const [name, outcome] of Object.entries(one.stages ?? {})) assert.equal(stages.findLast((stage) => stage.name === name)?.outcome, outcome, name);
}

/** Sends the request once more, and reads its turn, or compares the error that refuses it. */
async function repeat({ again_error: refused }, turns, request) {
  if (refused) return assert.throws(() => turns.start(request), { errorCode: refused.code });
  for await (const _ of turns.start(request));
}

/** Reads the events, and compares them and the error. */
async function events(one, turns, turn, check) {
  const found = [];
  let error;
  const iterator = turn[Symbol.asyncIterator]();
  try {
    for (;;) {
      if (one.leave?.after === found.length && one.leave.by === 'cancel') {
        turn.cancel();
        break;
      }
      if (one.leave?.after === found.length) assert.ok(await turns.stop(turn.id));
      const { value, done } = await iterator.next();
      if (done) break;
      found.push(value);
    }
  } catch (thrown) {
    error = thrown;
  }
  await check(found, one.events);
  const { code, partial, usage } = one.error ?? {};
  assert.deepEqual([error?.errorCode, error?.partial, error?.usage], [code, partial ?? undefined, usage && camel(usage)], error?.stack);
}

/** Reads the bytes, and compares the events in them. */
async function bytes(one, turns, turn, check) {
  const reader = turn.sse().getReader();
  let text = '';
  for (;;) {
    const count = text.split('\n\n').length - 1;
    if (one.leave?.after === count && one.leave.by === 'cancel') {
      await reader.cancel();
      break;
    }
    if (one.leave?.after === count) turn.stop();
    const { value, done } = await reader.read();
    if (done) break;
    text += Buffer.from(value).toString();
  }
  const frames = text.split('\n\n').slice(0, -1);
  const found = frames.map((frame) => JSON.parse(frame.replace(/^data: /, '')));
  if (one.error_message_has) assert.ok(found.at(-1).message.includes(one.error_message_has), found.at(-1).message);
  await check(found, [...one.events, ...(one.error_event ? [one.error_event] : [])]);
}

function answered({ label, error, never }) {
  if (never) return new Promise(() => {});
  if (error) throw new Error(error);
  return label;
}

/** The request with values for `<user>` and the like. */
function filled(request, values) {
  return camel(Object.fromEntries(Object.entries(request).map(([name, value]) => [name, values[/^<(.+)>$/.exec(value)?.[1]] ?? value])));
}

function compare(found, expected, beside, { messages, workspaces }) {
  const ids = { workspace: WORKSPACE, 'new workspace': workspaces[1]?.workspaceId, 'message id': messages[0]?.message.msgId, 'reply id': messages[1]?.message.msgId };
  const isSame = (event, wanted) =>
    event !== undefined &&
    Object.keys(event).length === Object.keys(wanted).length &&
    Object.entries(wanted).every(([name, value]) => {
      const placeholder = /^<(.+)>$/.exec(value)?.[1];
      if (placeholder === 'id' || placeholder === 'any') return typeof event[name] === 'string' && event[name] !== '';
      return event[name] === (placeholder === undefined ? value : ids[placeholder]);
    });
  const last = found.at(-1);
  const others = found.slice(0, -1);
  for (const event of beside) {
    const at = others.findIndex((each) => isSame(each, event));
    assert.ok(at >= 0, `no ${JSON.stringify(event)} in ${JSON.stringify(found)}`);
    others.splice(at, 1);
  }
  // No case expects each failure of messages for a workspace that does not exist.
  const rest = [...others, ...(last ? [last] : [])].filter(({ stage }) => !stage?.startsWith('save_'));
  assert.ok(rest.length === expected.length && rest.every((event, i) => isSame(event, expected[i])), `${JSON.stringify(found)}\nexpected\n${JSON.stringify(expected)}`);
}

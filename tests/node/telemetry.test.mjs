/** OpenTelemetry: a turn and a call continue the program's trace, and their spans and metrics come to its own API. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import { SpanKind, SpanStatusCode, context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { OpenAI, SqliteStore, Turns, chatHandler } from 'turnwire';

import { chat, endless, startFake, startStore } from './fake.mjs';

const USER = '0b1e55ed-0000-4000-8000-000000000002';
const SPOKEN = { steps: [{ role: 'assistant' }, { text: '비밀' }, { finish: 'stop' }, { usage: [3, 2] }, { done: true }] };
const messages = [{ role: 'user', content: '비밀' }];

const exporter = new InMemorySpanExporter();
let onEnd = () => {};
const processor = { onStart() {}, onEnd: (span) => onEnd(span), forceFlush: async () => {}, shutdown: async () => {} };
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 2 ** 30 });
const folder = mkdtempSync(join(tmpdir(), 'turnwire-'));

let fake;
let store;
let client;
before(async () => {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor, new SimpleSpanProcessor(exporter)] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  [fake, store] = await Promise.all([startFake(), startStore()]);
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
beforeEach(() => {
  exporter.reset();
  onEnd = () => {};
});
after(() => {
  fake.close();
  store.close();
  rmSync(folder, { recursive: true, maxRetries: 10 });
});

/** Runs `act` within a span of the program, and returns its id with the result. */
function within(act) {
  return trace.getTracer('program').startActiveSpan('request', async (span) => {
    try {
      return [span.spanContext(), await act()];
    } finally {
      span.end();
    }
  });
}

/** The tokens of the user. */
async function login() {
  const { access, refresh } = await store.login(USER);
  return { accessToken: access, refreshToken: refresh };
}

/** The finished spans, once these are among them; a name that is given twice must be there twice. */
async function spans(...names) {
  for (let tries = 0; ; tries += 1) {
    const found = exporter.getFinishedSpans();
    const count = (all, name) => all.filter((each) => each === name).length;
    const ended = found.map((span) => span.name);
    if (names.every((name) => count(ended, name) >= count(names, name))) return found;
    assert.ok(tries < 1000, `expected the spans ${names}, got ${ended}`);
    // Reports come on the event loop: microtasks alone would keep them out.
    await setTimeout(5);
  }
}

function one(found, name) {
  const named = found.filter((span) => span.name === name);
  assert.equal(named.length, 1, name);
  return named[0];
}

const id = (span) => span.spanContext().spanId;
const parent = (span) => span.parentSpanContext?.spanId;
const traceparents = (requests) => requests.map(({ headers }) => Object.fromEntries(headers).traceparent);
const read = async (items) => {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
};

test('a turn continues the trace of the program', async () => {
  const model = await fake.script(SPOKEN);
  const asked = [];
  const sentiment = () => {
    asked.push(trace.getActiveSpan()?.spanContext().spanId);
    return 'calm';
  };
  const turns = new Turns(client, { model, store: store.url, sentiment, sentimentBudget: 10_000, naming: 'first_words', usageEvents: true });
  const [host, turn] = await within(async () => {
    const started = turns.start({ message: '비밀', userId: USER, createWorkspace: true, ...(await login()) });
    await read(started);
    await started.finished;
    return started;
  });

  const found = await spans('request', 'invoke_workflow turn');
  const top = one(found, 'invoke_workflow turn');
  assert.equal(parent(top), host.spanId);
  assert.deepEqual([...new Set(found.map((span) => span.spanContext().traceId))], [host.traceId]);
  const stages = ['sentiment', 'create_workspace', 'start_session', 'reply', 'save_user', 'save_ai'];
  assert.deepEqual(stages.map((name) => parent(one(found, name))), stages.map(() => id(top)));
  assert.deepEqual(asked, [id(top)]);
  const call = one(found, `chat ${model}`);
  assert.deepEqual([parent(call), call.kind], [id(one(found, 'reply')), SpanKind.CLIENT]);
  assert.deepEqual(
    ['gen_ai.provider.name', 'gen_ai.response.finish_reasons', 'gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'].map((name) => call.attributes[name]),
    ['openai', ['stop'], 3, 2],
  );
  assert.equal(top.attributes['turnwire.turn.id'], turn.id);
  assert.ok(!JSON.stringify(found.map(({ name, attributes, events, status }) => [name, attributes, events, status])).includes('비밀'));

  const { traceId, traceFlags } = top.spanContext();
  const sent = `00-${traceId}-${id(top)}-0${traceFlags}`;
  assert.deepEqual(traceparents(await fake.requests(model)), [sent]);
  const saves = (await store.requests()).filter(({ path }) => path === '/api/chat/save');
  assert.deepEqual(traceparents(saves), [sent, sent]);

  await reader.forceFlush();
  const all = points.getMetrics().at(-1).scopeMetrics.flatMap((scope) => scope.metrics);
  const point = (name, type) => {
    const { descriptor, dataPoints } = all.find((metric) => metric.descriptor.name === name);
    const of = dataPoints.find(({ attributes }) => [model, undefined].includes(attributes['gen_ai.request.model']) && attributes['gen_ai.token.type'] === type);
    return [descriptor.unit, of.value.count, of.value.sum, of.value.buckets.boundaries[0]];
  };
  assert.deepEqual(point('gen_ai.client.token.usage', 'input'), ['{token}', 1, 3, 1]);
  assert.deepEqual(point('gen_ai.client.token.usage', 'output'), ['{token}', 1, 2, 1]);
  assert.equal(point('gen_ai.client.operation.duration')[3], 0.01);
  assert.ok(point('gen_ai.client.operation.time_to_first_chunk')[2] <= point('gen_ai.client.operation.duration')[2]);
  assert.equal(point('gen_ai.client.operation.time_per_output_chunk')[1], 1);
  assert.deepEqual(point('gen_ai.invoke_workflow.duration').toSpliced(2, 1), ['s', 1, 1]);
});

test('a call is a span, and its request continues it', async () => {
  const model = await fake.script([SPOKEN, { status: 429, steps: [{ json: { error: { message: '비밀' } } }] }]);
  const [host] = await within(async () => {
    await read(await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } }));
    await assert.rejects(async () => client.chat.completions.create({ model, messages }));
  });
  const calls = (await spans(`chat ${model}`, `chat ${model}`)).filter((span) => span.name === `chat ${model}`);
  assert.deepEqual(calls.map(parent), [host.spanId, host.spanId]);
  const [good, failed] = calls.sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]);
  assert.equal(good.attributes['gen_ai.usage.output_tokens'], 2);
  assert.deepEqual([failed.attributes['error.type'], failed.status.code], ['rate_limited', SpanStatusCode.ERROR]);
  assert.deepEqual(traceparents(await fake.requests(model)).map((sent) => sent.split('-')[2]), [id(good), id(failed)]);
});

test('a stream or a turn that is left, and a turn that is refused, end their spans', async () => {
  const model = await fake.script(endless());
  for await (const _ of await client.chat.completions.create({ model, messages, stream: true })) break;
  assert.equal(one(await spans(`chat ${model}`), `chat ${model}`).attributes['error.type'], undefined);
  exporter.reset();
  const turns = new Turns(client, { model: await fake.script(endless()) });
  for await (const _ of turns.start({ message: 'hello' })) break;
  const found = await spans('invoke_workflow turn', 'reply');
  assert.equal(one(found, 'reply').attributes['turnwire.stage.outcome'], 'cancelled');
  exporter.reset();
  assert.throws(() => turns.start({ message: ' ' }));
  assert.equal(one(await spans('invoke_workflow turn'), 'invoke_workflow turn').attributes['error.type'], 'invalid_request');
});

test('a call that is refused is a span with the error, and none that was cancelled', async () => {
  const model = await fake.script(SPOKEN);
  for (const stream of [false, true]) {
    exporter.reset();
    await assert.rejects(async () => client.chat.completions.create({ model, messages, stream }, { timeout: -1 }));
    const refused = one(await spans(`chat ${model}`), `chat ${model}`);
    assert.deepEqual([refused.attributes['error.type'], refused.status.code], ['config', SpanStatusCode.ERROR]);
  }
  const turns = new Turns(client, { model });
  await turns.shutdown();
  for (const [code, request] of [['invalid_request', { message: 'hello', user: 'x' }], ['config', { message: 'hello' }]]) {
    exporter.reset();
    assert.throws(() => turns.start(request));
    assert.equal(one(await spans('invoke_workflow turn'), 'invoke_workflow turn').attributes['error.type'], code);
  }
});

test('the span of a request is the parent, behind a handler', async () => {
  const model = await fake.script(SPOKEN);
  const turns = new Turns(client, { model, store: new SqliteStore(join(folder, 'store.db')), naming: 'first_words' });
  const handle = chatHandler(turns, { authenticate: () => USER });
  const ask = (path, body) => handle(new Request(`http://localhost${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }));
  const [host] = await within(async () => {
    await (await ask('/chat/stream', { message: 'hello', createWorkspace: true })).text();
    assert.equal((await ask('/chat/stream', { message: 'hello' })).status, 404);
    await ask('/chat/stop', { turnId: 'none' });
    await turns.flush();
  });
  const tops = (await spans('invoke_workflow turn', 'invoke_workflow turn')).filter((span) => span.name === 'invoke_workflow turn');
  assert.deepEqual(tops.map(parent), [host.spanId, host.spanId]);
  assert.deepEqual(tops.map((span) => span.attributes['error.type']).sort(), ['404', undefined]);
});

test('the spans of a turn are there once it is finished or flushed', async () => {
  const model = await fake.script(SPOKEN);
  const turns = new Turns(client, { model });
  for (let n = 1; n <= 40; n += 1) {
    const turn = turns.start({ message: 'hello' });
    await read(turn);
    await (n % 2 ? turn.finished : turns.flush());
    const ended = exporter.getFinishedSpans().filter(({ name }) => name === 'invoke_workflow turn');
    assert.equal(ended.length, n, n % 2 ? 'finished' : 'flush()');
  }
});

test('a processor that throws costs no call and no other span', async () => {
  const model = await fake.script(SPOKEN);
  const turns = new Turns(client, { model });
  onEnd = ({ name }) => {
    if (name !== `chat ${model}`) throw new Error(`no room for ${name}`);
  };
  const warned = once(process, 'warning');
  const both = [1, 2].map(() => turns.start({ message: 'hello' }));
  await Promise.all(both.map(read));
  await Promise.all(both.map((turn) => turn.finished));
  assert.match((await warned)[0].message, /OpenTelemetry of this program failed .*no room for reply/);
  assert.equal(exporter.getFinishedSpans().filter(({ name }) => name === `chat ${model}`).length, 2);
});

/** The output of a program of its own. */
async function run(program) {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: import.meta.dirname });
  return stdout;
}

test('without OpenTelemetry no trace is sent, and nothing of it is loaded', async () => {
  const model = await fake.script(chat('a'));
  const program = `
    import { createRequire } from 'node:module';
    import { OpenAI } from 'turnwire';
    const client = new OpenAI({ apiKey: 'k', baseURL: '${fake.baseURL}' });
    for await (const _ of await client.chat.completions.create({ model: '${model}', messages: [], stream: true }));
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.some((path) => path.includes('turnwire')), loaded.some((path) => path.includes('opentelemetry')));
  `;
  assert.equal(await run(program), 'true false\n');
  assert.deepEqual(traceparents(await fake.requests(model)), [undefined]);
  // Loaded by the program, it shows here.
  assert.equal(await run(`import '@opentelemetry/api';${program}`), 'true true\n');
});

test('the end of a process loses no span', async () => {
  const model = await fake.script(SPOKEN);
  const request = { message: 'x', userId: USER, createWorkspace: true, ...(await login()) };
  const out = await run(`
    import { trace } from '@opentelemetry/api';
    import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
    import { OpenAI, Turns } from 'turnwire';
    const exporter = { export: (spans, done) => { spans.forEach(({ name }) => console.log(name)); done({ code: 0 }); }, shutdown: async () => {} };
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    const turns = new Turns(new OpenAI({ apiKey: 'k', baseURL: '${fake.baseURL}' }), { model: '${model}', store: '${store.url}', naming: 'first_words' });
    for await (const _ of turns.start(${JSON.stringify(request)}));
  `);
  const names = out.split('\n');
  for (const name of ['invoke_workflow turn', 'reply', `chat ${model}`, 'save_user', 'save_ai']) assert.ok(names.includes(name), `${name}: ${out}`);
});

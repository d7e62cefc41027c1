/** Errors: every code has a class; what broke a call is told, with the text that came before. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as turnwire from 'turnwire';
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  ConfigError,
  InvalidRequestError,
  OpenAI,
  OpenAIError,
  RateLimitError,
  TruncatedStreamError,
  TurnwireError,
} from 'turnwire';

import { chat, messages, startFake } from './fake.mjs';

const root = new URL('../../bindings-node/', import.meta.url);
const require = createRequire(root);
const { buildSync } = require('esbuild');
const native = require(`./${readdirSync(root).find((name) => name.endsWith('.node'))}`);

/** A copy of a file's exports, as another copy of the package has them. */
function copyOf(file) {
  const built = buildSync({ absWorkingDir: fileURLToPath(root), entryPoints: [`ts/${file}.ts`], bundle: true, platform: 'node', format: 'cjs', write: false });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', built.outputFiles[0].text)(module, module.exports, require);
  return module.exports;
}

let fake;
let client;
before(async () => {
  fake = await startFake();
  client = new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0 });
});
after(() => fake.close());

async function failure(script, options, stream = true) {
  const model = await fake.script(script);
  try {
    const result = await client.chat.completions.create({ model, messages, stream }, options);
    if (stream) for await (const _ of result);
  } catch (error) {
    return error;
  }
  return assert.fail('it did not fail');
}

test('every code of core has a class', () => {
  assert.deepEqual(Object.keys(copyOf('core-error').BY_CODE).sort(), native.errorCodes().sort());
});

test('a stream that is cut off keeps the text so far', async () => {
  const begun = [{ role: 'assistant' }, { text: '반쪽 ' }, { text: 'half' }];
  for (const end of ['truncate', 'reset']) {
    const error = await failure({ steps: [...begun, { wait_ms: 50 }, { [end]: true }] });
    assert.ok(error instanceof APIConnectionError, error.stack);
    assert.deepEqual([error.partial, error.retryable, error instanceof TruncatedStreamError], ['반쪽 half', true, error.errorCode === 'truncated']);
    assert.match(error.requestId, /^req_/);
  }
  const silent = await failure({ steps: begun });
  assert.deepEqual([silent.constructor, silent.errorCode, silent.partial], [TruncatedStreamError, 'truncated', '반쪽 half']);
});

test('a stream that stalls meets the timeout', async () => {
  const error = await failure({ steps: [{ role: 'assistant' }, { text: 'a' }, { stall: true }] }, { timeout: 500 });
  assert.deepEqual([error.constructor, error.errorCode, error.partial], [APIConnectionTimeoutError, 'idle_timeout', 'a']);
  const headers = await failure({ ...chat('a'), wait_ms_before_headers: 60_000 }, { timeout: 500 });
  assert.deepEqual([headers.constructor, headers.errorCode, headers.message], [APIConnectionTimeoutError, 'headers_timeout', 'Request timed out.']);
  const whole = await failure({ ...chat('a'), wait_ms_before_headers: 60_000 }, { timeout: 500 }, false);
  assert.deepEqual([whole.constructor, whole.errorCode], [APIConnectionTimeoutError, 'total_timeout']);
});

test('a timeout of Infinity is no limit, for a call and for a client', async () => {
  const hasty = client.withOptions({ timeout: 50 });
  const late = { ...chat('a'), wait_ms_before_headers: 200 };
  const model = await fake.script([late, late]);
  const read = async (own, options) => {
    for await (const _ of await own.chat.completions.create({ model, messages, stream: true }, options));
  };
  await read(hasty, { timeout: Infinity });
  await read(hasty.withOptions({ timeout: Infinity }));
});

test('keep-alives keep a stream, and are no chunks', async () => {
  const pings = { repeat: { times: 20, steps: [{ comment: 'ping' }, { wait_ms: 100 }] } };
  const model = await fake.script({ steps: [{ role: 'assistant' }, pings, { text: 'a' }, { finish: 'stop' }, { done: true }] });
  const read = async () => {
    let chunks = 0;
    for await (const _ of await client.chat.completions.create({ model, messages, stream: true }, { timeout: 1500 })) chunks += 1;
    return chunks;
  };
  // A pause of the machine is silence, too.
  const chunks = await read().catch(() => read()).catch(() => read());
  assert.equal(chunks, 3);
});

test('an error amid a stream is told as the service words it', async () => {
  const said = { message: 'overloaded', type: 'server_error', code: 'busy', param: null };
  const error = await failure({ steps: [{ role: 'assistant' }, { text: 'a' }, { sse: { error: said } }] });
  assert.ok(error instanceof APIError);
  assert.deepEqual([error.message, error.code, error.type, error.errorCode, error.partial], ['overloaded', 'busy', 'server_error', 'api', 'a']);
});

test('an error amid a stream keeps its numbers and its fields', async () => {
  const said = { message: 'exhausted', code: 429, status: 'RESOURCE_EXHAUSTED', metadata: { provider: 'p' } };
  for (const event of [{ error: said }, said]) {
    const error = await failure({ steps: [{ role: 'assistant' }, { text: 'a' }, { sse: event }, { done: true }] });
    assert.deepEqual([error.message, error.code, error.errorCode, error.partial], ['exhausted', 429, 'api', 'a']);
    assert.deepEqual([error.error.status, error.error.metadata], ['RESOURCE_EXHAUSTED', { provider: 'p' }]);
  }
});

test('what is no stream is told apart', async () => {
  const page = await failure({ headers: [['content-type', 'text/html']], steps: [{ send: '<html>' }] });
  assert.equal(page.errorCode, 'unexpected_reply');
  const garbled = await failure({ steps: [{ send: 'data: {"id":\n\n' }] });
  assert.deepEqual([garbled.errorCode, garbled.constructor, garbled.retryable], ['garbled', TruncatedStreamError, true]);
  assert.ok(page instanceof APIError);
});

test('a request is sent again after Retry-After, and then told how often', async () => {
  const busy = { status: 429, headers: [['retry-after', '0']], steps: [{ json: { error: { message: 'slow down' } } }] };
  const model = await fake.script([busy, busy, chat('a')]);
  for await (const _ of await client.chat.completions.create({ model, messages, stream: true }, { maxRetries: 2 }));
  assert.equal((await fake.requests(model)).length, 3);
  const error = await failure([busy, busy, busy], { maxRetries: 1 });
  assert.deepEqual([error.constructor, error.attempts, error.headers.get('retry-after')], [RateLimitError, 2, '0']);
  const patient = await failure({ ...busy, headers: [['retry-after', '1000']] }, { maxRetries: 1 });
  assert.deepEqual([patient.retryAfterMs, patient.attempts], [1_000_000, 1]);
});

test('a service that is not there is a connection error', async () => {
  const nowhere = new OpenAI({ baseURL: 'http://127.0.0.1:9', maxRetries: 0 });
  await assert.rejects(nowhere.models.list(), (error) => error.constructor === APIConnectionError && error.errorCode === 'connect' && /refused/.test(error.cause.message));
});

test('settings that cannot work throw at once', async () => {
  for (const options of [{}, { apiKey: 'k', baseURL: 'no url' }, { apiKey: 'k', timeout: -1 }, { apiKey: 'k', maxRetries: 0.5 }]) {
    assert.throws(() => new OpenAI(options), OpenAIError, JSON.stringify(options));
  }
  for (const name of ['fetch', 'fetchOptions', 'workloadIdentity', 'provider']) {
    assert.throws(() => new OpenAI({ apiKey: 'k', [name]: {} }), { constructor: ConfigError, code: 'config', message: new RegExp(`^${name} is not supported: `) });
  }
  assert.throws(() => new OpenAI(), { constructor: ConfigError, code: 'config', errorCode: 'config', operation: 'client.build', retryable: false, message: /OPENAI_API_KEY/ });
  await assert.rejects(client.chat.completions.create({ messages }), { constructor: InvalidRequestError, code: 'invalid_request', errorCode: 'invalid_request' });
});

test('no secret is in an error', async () => {
  const own = client.withOptions({ apiKey: 'sk-very-secret-0123456789' });
  const model = await fake.script({ status: 401, steps: [{ json: { error: { message: 'Incorrect API key: sk-very-secret-0123456789' } } }] });
  const { inspect } = await import('node:util');
  await assert.rejects(own.chat.completions.create({ model, messages }), (error) => !/very-secret/.test(inspect(error, { depth: 9 })));
  assert.doesNotMatch(inspect(own, { depth: 9, showHidden: true }), /very-secret/);
});

test('the classes are on the client too', () => {
  for (const name of Object.keys(OpenAI).filter((name) => /Error$/.test(name))) assert.equal(OpenAI[name], turnwire[name], name);
  for (const name of ['APIError', 'APIUserAbortError', 'OpenAIError', 'RateLimitError', 'TruncatedStreamError']) assert.ok(OpenAI[name], name);
});

test('every class of errors stands under one base, and those of the openai package under theirs', () => {
  const classes = Object.entries(turnwire).filter(([name]) => /Error$/.test(name));
  const outside = classes.filter(([, of]) => of !== OpenAIError && !(of.prototype instanceof OpenAIError)).map(([name]) => name);
  assert.ok(classes.every(([, of]) => of === TurnwireError || of.prototype instanceof TurnwireError));
  assert.deepEqual(outside.sort(), ['CallbackError', 'FileError', 'OutboxFullError', 'StorageError', 'TurnwireError']);
});

test('each code makes an error with its facts, of a class that tells it apart', () => {
  const { BY_CODE, fromCore } = copyOf('core-error');
  const of = (code) => fromCore({ code, operation: 'o', line: 'l', message: 'm', status: 418, headers: null, request_id: 'r', retryable: true, retry_after: 0.005, attempts: 2, partial: 'p', api: null, body: null });
  for (const code of Object.keys(BY_CODE)) {
    const error = of(code);
    assert.ok(error instanceof TurnwireError, code);
    assert.deepEqual(
      [error.errorCode, error.operation, error.requestId, error.retryable, error.retryAfterMs, error.attempts, error.partial],
      [code, 'o', 'r', true, 5, 2, 'p'],
    );
    // On what takes the place of the openai package's errors, `code` is the service's.
    if (!(error instanceof APIError)) assert.deepEqual([error.code, error.status], [code, 418]);
  }
});

test('classes hold between two copies of the package', () => {
  const [first, second] = [copyOf('errors'), copyOf('errors')];
  assert.notEqual(first.RateLimitError, second.RateLimitError);
  const error = new second.RateLimitError(429, { message: 'm' }, undefined, new Headers());
  assert.ok(error instanceof first.RateLimitError && error instanceof first.APIError && error instanceof turnwire.OpenAIError);
  assert.ok(!(error instanceof first.BadRequestError) && !(new Error('x') instanceof first.OpenAIError));
  class Own extends first.APIError {}
  assert.ok(!(error instanceof Own) && new Own(1, undefined, 'm', undefined) instanceof first.APIError);
});

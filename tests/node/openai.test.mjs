/** `turnwire/openai` beside the `openai` package, in each of the versions of it that libraries bring along. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, unlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import * as turnwire from 'turnwire';

import { chat, endless, messages, startFake } from './fake.mjs';
import { besideOpenAI } from './installed.mjs';

const require = createRequire(import.meta.url);

/** The folder of the `openai` package that a package here uses. */
const openaiOf = (name) => dirname(createRequire(require.resolve(name)).resolve('openai'));
const FOLDERS = [join(import.meta.dirname, 'node_modules/openai'), openaiOf('@langchain/openai'), openaiOf('@llamaindex/openai')];

let fake;
before(async () => {
  fake = await startFake();
});
after(() => fake.close());

/** A whole reply, or any other JSON. */
const json = (value, more) => ({ framing: 'length', steps: [{ json: value }], ...more });
const whole = (message, finish_reason = 'stop') =>
  json({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, finish_reason, message: { role: 'assistant', ...message } }] });
const call = (name, given) => ({ content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name, arguments: JSON.stringify(given) } }] });

const header = (request, name) => new Headers(request.headers).get(name);
/** The packages that sent a model's requests, in order. */
const senders = async (model) => (await fake.requests(model)).map((request) => header(request, 'user-agent').split('/')[0]);

for (const folder of FOLDERS) {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

  for (const way of ['import', 'require']) {
    describe(`openai ${version}, by ${way}`, async () => {
      const { imported, required, place } = await besideOpenAI(folder);
      const turnwireOf = require(join(place, 'node_modules/turnwire'));
      const peer = way === 'import' ? await import(join(folder, 'index.mjs')) : require(folder);
      const { Stream } = way === 'import' ? await import(join(folder, 'core/streaming.mjs')) : require(join(folder, 'core/streaming.js'));
      const ours = way === 'import' ? imported : required;
      const { OpenAI } = ours;
      const client = (options) => new OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0, ...options });
      const theirs = (options) => new peer.OpenAI({ apiKey: 'k', baseURL: fake.baseURL, maxRetries: 0, ...options });

      test('an engine of turns and a speaker take the client with its settings, or refuse it in words', async () => {
        const model = await fake.script(chat('a', 'b'));
        const made = client({ apiKey: 'sk-own', organization: 'org', defaultHeaders: { 'x-own': '1' }, defaultQuery: { v: '2' } });
        const turns = new turnwireOf.Turns(made, { model });
        const types = [];
        for await (const { type } of turns.start({ message: 'm' })) types.push(type);
        assert.deepEqual(types, ['content', 'content', 'done']);
        const [sent] = await fake.requests(model);
        assert.deepEqual(['authorization', 'openai-organization', 'x-own'].map((name) => header(sent, name)), ['Bearer sk-own', 'org', '1']);
        assert.ok(new turnwireOf.OpenAISpeaker({ client: made }));
        const refused = [[{ apiKey: async () => 'k' }, /apiKey is a string/], [{ fetch: async () => new Response() }, /cannot honour, fetch/]];
        for (const [options, message] of refused) {
          assert.throws(() => new turnwireOf.Turns(client(options)), { constructor: turnwireOf.ConfigError, message });
          assert.throws(() => new turnwireOf.OpenAISpeaker({ client: client(options) }), { constructor: turnwireOf.ConfigError, message });
        }
        assert.throws(() => new turnwireOf.Turns(theirs()), { constructor: turnwireOf.ConfigError, message: /turnwire\/openai/ });
      });

      test('the client is one of the package, whose other names are here too', () => {
        const own = client();
        assert.ok(own instanceof peer.OpenAI && own.chat instanceof peer.OpenAI.Chat && own.chat.completions instanceof peer.OpenAI.Chat.Completions);
        assert.deepEqual([OpenAI.name, OpenAI.OpenAI, ours.default, own.constructor], ['OpenAI', OpenAI, OpenAI, OpenAI]);
        for (const name of Object.keys(peer).filter((name) => !['default', 'OpenAI', 'module.exports'].includes(name))) assert.equal(ours[name], peer[name], name);
        assert.equal(ours.TruncatedStreamError.name, 'TruncatedStreamError');
        if (way === 'import') return;
        for (const made of [new ours({ apiKey: 'k' }), ours({ apiKey: 'k' })]) assert.ok(made instanceof OpenAI && made instanceof ours);
        assert.equal(ours.DEFAULT_TIMEOUT, peer.OpenAI.DEFAULT_TIMEOUT);
      });

      test('a whole reply goes through turnwire, and is what the package gives', async () => {
        const model = await fake.script([whole({ content: '안녕' }), whole({ content: '안녕' }), whole({ content: '안녕' }), whole({ content: '안녕' })]);
        const [own, other] = [client(), theirs()];
        const promise = own.chat.completions.create({ model, messages });
        assert.ok(promise instanceof peer.APIPromise && promise instanceof Promise);
        const [reply, same] = [await promise, await other.chat.completions.create({ model, messages })];
        assert.deepEqual(reply, same);
        assert.equal((await promise.withResponse()).data, reply);
        const { data, response, request_id } = await own.chat.completions.create({ model, messages }).withResponse();
        assert.deepEqual([data, response.status, response.headers.get('x-request-id')], [reply, 200, request_id]);
        assert.equal(data._request_id, request_id);
        const raw = await own.chat.completions.create({ model, messages }).asResponse();
        assert.deepEqual([await raw.json(), raw.url], [{ ...reply }, `${fake.baseURL}/chat/completions`]);
        assert.deepEqual(await senders(model), ['turnwire', 'OpenAI', 'turnwire', 'turnwire']);
      });

      test('a streamed reply goes through turnwire, in the stream of the package', async () => {
        const script = { steps: [{ role: 'assistant' }, { text: '안' }, { text: '녕\n"' }, { finish: 'stop' }, { usage: [1, 2] }, { done: true }] };
        const model = await fake.script(Array(6).fill(script));
        const open = (own = client()) => own.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
        const read = async (stream) => {
          const chunks = [];
          for await (const { created, id, ...chunk } of stream) chunks.push(chunk);
          return chunks;
        };
        const stream = await open();
        assert.ok(stream instanceof Stream);
        const chunks = await read(stream);
        assert.deepEqual(chunks, await read(await open(theirs())));
        await assert.rejects(read(stream), (error) => error instanceof peer.OpenAIError && error instanceof turnwire.InvalidRequestError);
        const [left, right] = (await open()).tee();
        assert.deepEqual(await Promise.all([read(left), read(right)]), [chunks, chunks]);
        const lines = await new Response((await open()).toReadableStream()).text();
        assert.equal(lines.trim().split('\n').length, chunks.length);
        const { data, response, request_id } = await open().withResponse();
        assert.equal(response.headers.get('x-request-id'), request_id);
        assert.deepEqual(await read(data), chunks);
        assert.match(await (await open().asResponse()).text(), /^data: .*\n\ndata: \[DONE\]\n\n$/s);
        assert.deepEqual(await senders(model), ['turnwire', 'OpenAI', 'turnwire', 'turnwire', 'turnwire', 'turnwire']);
      });

      test('leaving a stream, and aborting it, close its connection', async () => {
        for (const leave of [() => true, (stream) => stream.controller.abort()]) {
          const model = await fake.script(endless());
          const stream = await client().chat.completions.create({ model, messages, stream: true });
          for await (const _ of stream) if (leave(stream)) break;
          await fake.until(model, ({ outcome }) => outcome === 'client_closed');
        }
      });

      test('parse, stream and runTools are those of the package, on calls through turnwire', async () => {
        const format = { type: 'json_schema', json_schema: { name: 'n', strict: true, schema: { type: 'object' } } };
        const parsed = await fake.script(whole({ content: '{"a":1}' }));
        const completion = await client().chat.completions.parse({ model: parsed, messages, response_format: format });
        assert.deepEqual([completion.choices[0].message.parsed, typeof completion._request_id], [{ a: 1 }, 'string']);

        const events = [];
        const streamed = await fake.script([chat('안', '녕'), endless()]);
        const own = client();
        const stream = own.chat.completions.stream({ model: streamed, messages }).on('content', (delta) => events.push(delta));
        assert.equal(await stream.finalContent(), '안녕');
        assert.deepEqual(events, ['안', '녕']);
        const left = own.chat.completions.stream({ model: streamed, messages });
        for await (const _ of left) break;
        await assert.rejects(left.done(), (error) => error instanceof peer.APIUserAbortError);
        await fake.until(streamed, ({ outcome }) => outcome !== undefined);

        const tool = { type: 'function', function: { name: 'add', parameters: { type: 'object' }, parse: JSON.parse, function: ({ a, b }) => String(a + b) } };
        const run = await fake.script([whole(call('add', { a: 1, b: 2 }), 'tool_calls'), whole({ content: 'three' })]);
        assert.equal(await client().chat.completions.runTools({ model: run, messages, tools: [tool] }).finalContent(), 'three');
        assert.equal(JSON.parse((await fake.requests(run))[1].body).messages.at(-1).content, '3');
        for (const model of [parsed, streamed, run]) assert.deepEqual(new Set(await senders(model)), new Set(['turnwire']));
      });

      test('speech goes through turnwire, and is the response that the package gives', async () => {
        const audio = { framing: 'length', headers: [['content-type', 'audio/mpeg']], steps: [{ send: 'audio' }] };
        const model = await fake.script([audio, audio, audio, audio, json({ error: { message: 'words' } }, { status: 429 })]);
        const body = { model, voice: 'alloy', input: '안녕' };
        const own = client({ defaultHeaders: { 'x-a': 'b' } });
        assert.ok(own.audio instanceof peer.OpenAI.Audio && own.audio.speech instanceof peer.OpenAI.Audio.Speech);
        const promise = own.audio.speech.create(body);
        assert.ok(promise instanceof peer.APIPromise);
        const response = await promise;
        assert.ok(response instanceof Response);
        assert.deepEqual([await response.text(), response.headers.get('content-type'), response.url], ['audio', 'audio/mpeg', `${fake.baseURL}/audio/speech`]);
        assert.equal(await promise.asResponse(), response);
        const { data, response: same, request_id } = await own.audio.speech.create(body).withResponse();
        assert.deepEqual([data, data.headers.get('x-request-id')], [same, request_id]);
        assert.equal(await (await client({ fetch: (...given) => fetch(...given) }).audio.speech.create(body)).text(), 'audio');
        assert.equal(await (await theirs().audio.speech.create(body)).text(), 'audio');
        await assert.rejects(own.audio.speech.create(body), (error) => error instanceof peer.RateLimitError && error instanceof turnwire.RateLimitError);
        assert.deepEqual(await senders(model), ['turnwire', 'turnwire', 'OpenAI', 'OpenAI', 'turnwire']);
        const [ours, , theirsSent] = await fake.requests(model);
        assert.deepEqual([JSON.parse(ours.body), header(ours, 'x-a')], [JSON.parse(theirsSent.body), 'b']);
      });

      test('everything else is the package’s own', async () => {
        const model = await fake.script(Array(3).fill(json({ object: 'list', data: [] })));
        const own = client();
        await own.embeddings.create({ model, input: 'a' });
        await own.responses.create({ model, input: 'a' });
        await own.audio.transcriptions.create({ model, file: await peer.toFile(Buffer.from('a'), 'a.mp3') }).catch(() => {});
        await own.post('/else', { body: { model } });
        assert.deepEqual((await fake.requests(model)).map(({ path }) => path), ['/v1/embeddings', '/v1/responses', '/v1/else']);
        assert.equal((await fake.requests()).at(-2).path, '/v1/audio/transcriptions');
        assert.deepEqual(await senders(model), ['OpenAI', 'OpenAI', 'OpenAI']);
      });

      test('errors are instances of both trees', async () => {
        const classes = { 400: 'BadRequestError', 401: 'AuthenticationError', 403: 'PermissionDeniedError', 404: 'NotFoundError', 409: 'ConflictError', 422: 'UnprocessableEntityError', 429: 'RateLimitError', 500: 'InternalServerError', 418: 'APIError' };
        const both = (error, name, code) => {
          for (const of of [peer[name], turnwire[name], peer.APIError, turnwire.APIError, peer.OpenAIError, turnwire.TurnwireError, Error]) assert.ok(error instanceof of, `${error.stack}`);
          if (code) assert.equal(error.errorCode, code);
        };
        for (const [status, name] of Object.entries(classes)) {
          const model = await fake.script(Array(3).fill(json({ error: { message: 'words', code: 'c', type: 't', param: 'p' } }, { status: Number(status), headers: [['x-a', 'b']] })));
          const shown = ({ message, status, code, type, param, error, headers, constructor }) => [message, status, code, type, param, error, headers.get('x-a'), constructor];
          const expected = await theirs().chat.completions.create({ model, messages }).catch((error) => error);
          for (const stream of [false, true]) {
            const error = await client().chat.completions.create({ model, messages, stream }).then(assert.fail, (error) => error);
            both(error, name);
            assert.deepEqual(shown(error), shown(expected));
            assert.match(error.requestID, /^req_/);
            assert.equal(error.requestId, error.requestID);
            assert.deepEqual([error.operation, error.attempts], [stream ? 'chat.stream' : 'chat', 1]);
          }
        }
        // The others are not made ours.
        const model = await fake.script(json({ error: {} }, { status: 429 }));
        await assert.rejects(client().embeddings.create({ model, input: '' }), (error) => error instanceof peer.RateLimitError && !(error instanceof turnwire.RateLimitError));

        const read = async (own, options, script, given) => {
          for await (const _ of await own.chat.completions.create({ model: await fake.script(script ?? chat('a')), messages, stream: true }, given));
        };
        const failed = (...args) => read(...args).then(assert.fail, (error) => error);
        const server = net.createServer().listen(0, '127.0.0.1');
        await once(server, 'listening');
        const { port } = server.address();
        server.close();
        both(await failed(client({ baseURL: `http://127.0.0.1:${port}` })), 'APIConnectionError', 'connect');
        both(await failed(client({ timeout: 50 }), {}, { ...chat('a'), wait_ms_before_headers: 60_000 }), 'APIConnectionTimeoutError');
        const cut = await failed(client(), {}, { steps: [{ role: 'assistant' }, { text: '안녕' }, { truncate: true }] });
        both(cut, 'APIConnectionError');
        assert.ok(cut instanceof turnwire.TruncatedStreamError && cut instanceof ours.TruncatedStreamError);
        assert.deepEqual([cut.partial, cut.constructor.name], ['안녕', 'TruncatedStreamError']);
        const raw = await client().chat.completions.create({ model: await fake.script({ steps: [{ role: 'assistant' }, { truncate: true }] }), messages, stream: true }).asResponse();
        both(await raw.text().then(assert.fail, (error) => error), 'APIConnectionError');
        both(await failed(client(), {}, undefined, { signal: AbortSignal.abort() }), 'APIUserAbortError', 'cancelled');
        const wrong = client().chat.completions.create({ model: 'm', messages }, { headers: { 'x-a': 'Ā' } });
        await assert.rejects(wrong, (error) => error instanceof peer.OpenAIError && error instanceof turnwire.ConfigError);
      });

      test('settings reach both sides, also when they change', async () => {
        const model = await fake.script(Array(20).fill(whole({ content: 'a' })));
        const named = (request) => ['authorization', 'openai-organization', 'openai-project', 'x-a', 'x-b', 'x-env'].map((name) => header(request, name)).concat(request.query);
        const same = async (own, options, last) => {
          await own.chat.completions.create({ model, messages }, options);
          await own.post('/chat/completions', { body: { model, messages }, ...options });
          const requests = (await fake.requests(model)).slice(-2);
          assert.deepEqual(named(requests[0]), named(requests[1]));
          if (last) assert.deepEqual(named(requests[0]).slice(0, last.length), last);
        };
        // The package reads it from version 6 on.
        if (!version.startsWith('5.')) process.env.OPENAI_CUSTOM_HEADERS = 'x-env: 1\nx-a: env';
        after(() => delete process.env.OPENAI_CUSTOM_HEADERS);
        const own = client({ organization: 'o', project: 'p', defaultHeaders: { 'x-b': 'd' }, defaultQuery: { q: '1' } });
        await same(own, undefined, ['Bearer k', 'o', 'p']);
        await same(own, { headers: { 'x-a': 'call', 'x-b': null }, query: { q: '2', r: [1] } });
        await same(own.withOptions({ apiKey: 'other', project: null }), undefined, ['Bearer other', 'o', null]);
        await same(own.withOptions({ defaultHeaders: { 'x-b': null } }));
        Object.assign(own, { apiKey: 'changed', organization: null });
        await same(own, undefined, ['Bearer changed', null, 'p']);
        delete process.env.OPENAI_CUSTOM_HEADERS;
        let keys = 0;
        const asking = client({ apiKey: async () => `key-${(keys += 1)}` });
        await asking.chat.completions.create({ model, messages });
        await asking.withOptions({ maxRetries: 1 }).chat.completions.create({ model, messages });
        assert.deepEqual((await fake.requests(model)).slice(-2).map((request) => header(request, 'authorization')), ['Bearer key-1', 'Bearer key-2']);
        assert.equal(new Set(await senders(model)).size, 2);

        const busy = await fake.script(Array(9).fill(json({}, { status: 503, headers: [['retry-after-ms', '1']] })));
        const failed = (own, options) => own.chat.completions.create({ model: busy, messages }, options).then(assert.fail, ({ attempts }) => attempts);
        const twice = client({ maxRetries: 1 });
        assert.deepEqual([await failed(twice), await failed(twice, { maxRetries: 0 }), await failed(twice.withOptions({ maxRetries: 2 }))], [2, 1, 3]);
        twice.maxRetries = 0;
        assert.equal(await failed(twice), 1);

        const kept = await fake.script(Array(7).fill(whole({ content: 'a' })));
        const first = client();
        for (const one of [first, first.withOptions({ timeout: 5000 }), first.withOptions({ maxRetries: 1 })]) await one.chat.completions.create({ model: kept, messages });
        const connections = async () => new Set((await fake.requests(kept)).map(({ connection }) => connection)).size;
        assert.equal(await connections(), 1);
        const second = first.withOptions({ timeout: 5000 });
        second.apiKey = 'other';
        for (const one of [first, second, first, second]) await one.chat.completions.create({ model: kept, messages });
        assert.equal(await connections(), 2);

        const limited = client({ limits: { event: 100 } }).withOptions({ timeout: 5000 });
        const long = await fake.script(chat('x'.repeat(200)));
        await assert.rejects(limited.chat.completions.stream({ model: long, messages }).done(), { errorCode: 'too_large' });
      });

      test('a client that makes requests in a way of its own makes its chat calls so too, and says so', async () => {
        const model = await fake.script(Array(20).fill(whole({ content: 'a' })));
        const asked = async (own, options) => {
          const before = (await senders(model)).length;
          await own.chat.completions.create({ model, messages }, options);
          return (await senders(model))[before];
        };
        let told = [];
        const log = { logLevel: 'info', logger: { debug() {}, info: (line) => told.push(line), warn() {}, error() {} } };
        const through = (...given) => fetch(...given);
        class Signed extends OpenAI {
          async prepareRequest(request) {
            request.headers.set('x-signed', '1');
          }
        }
        const plain = client(log);
        const own = [client({ ...log, fetch: through }), client({ ...log, fetchOptions: {} }), new Signed({ apiKey: 'k', baseURL: fake.baseURL, ...log }), plain.withOptions({ fetch: through })];
        const replaced = client(log);
        replaced.post = (...given) => Object.getPrototypeOf(OpenAI.prototype).post.apply(replaced, given);
        for (const one of [...own, replaced]) {
          told = [];
          assert.equal(await asked(one), one instanceof Signed ? 'Signed' : 'OpenAI');
          assert.equal(await asked(one), one instanceof Signed ? 'Signed' : 'OpenAI');
          assert.equal(told.filter((line) => /^turnwire: .* go through the openai package$/.test(line)).length, 1);
        }
        assert.equal(header((await fake.requests(model))[4], 'x-signed'), '1');
        told = [];
        assert.equal(await asked(plain, { fetchOptions: {} }), 'OpenAI');
        for (const one of [plain, plain.withOptions({ timeout: 5000 }), client({ fetch: globalThis.fetch })]) assert.equal(await asked(one), 'turnwire');
        const before = (await senders(model)).length;
        await new Proxy(plain.chat.completions, {}).create({ model, messages });
        assert.equal((await senders(model))[before], 'OpenAI');
        // Options of a client among those of a call have no effect.
        assert.equal(await asked(plain, { baseURL: 'x', apiKey: 'y', fetch: through, dangerouslyAllowBrowser: true }), 'turnwire');
        // A fetch that is patched later is not the client's.
        const { fetch: global } = globalThis;
        globalThis.fetch = through;
        assert.equal(await asked(plain.withOptions({ timeout: 5000 })), 'turnwire');
        globalThis.fetch = global;
      });
    });
  }
}

test('turnwire alone loads nothing of this, and this says that it needs the openai package', async () => {
  const { place } = await besideOpenAI();
  const run = (source) => promisify(execFile)(process.execPath, ['--input-type=module', '-e', `import { createRequire } from 'node:module';\nconst require = createRequire('${place}/x.js');\n${source}`], { cwd: place });
  const { stdout } = await run("await import('turnwire'); console.log(Object.keys(require.cache).map((file) => file.split('turnwire/')[1]).join())");
  assert.match(stdout, /^dist\/index\.js,/);
  assert.doesNotMatch(stdout, /openai/);
  unlinkSync(join(place, 'node_modules/openai'));
  await run("await import('turnwire'); require('turnwire')");
  for (const load of ["require('turnwire/openai')", "await import('turnwire/openai')"]) await assert.rejects(run(load), /Cannot find (module|package) 'openai'/);
});

/** The package as it is published: packed, installed elsewhere, loaded both ways, with types that hold. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { chat, startFake } from './fake.mjs';
import { binary, install, own, packed, platform } from './packed.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const exec = promisify(execFile);
const bin = (name) => join(import.meta.dirname, 'node_modules/.bin', name);

let place;
let fake;
let tarball;
before(async () => {
  fake = await startFake();
  place = mkdtempSync(join(tmpdir(), 'turnwire-package-'));
  const tarballs = await packed(place);
  [tarball] = tarballs;
  await install(place, tarballs);
});
after(() => {
  fake.close();
  rmSync(place, { recursive: true, force: true });
});

const BODY = `
  const client = new OpenAI({ apiKey: 'k', baseURL: process.argv[2] });
  (async () => {
    let text = '';
    for await (const chunk of await client.chat.completions.create({ model: process.argv[3], messages: [], stream: true })) text += chunk.choices[0]?.delta?.content ?? '';
    console.log(text);
  })();
`;
for (const [name, head] of [
  ['esm.mjs', "import Default, { OpenAI } from 'turnwire';\nif (Default !== OpenAI) throw 1;"],
  ['cjs.cjs', "const { OpenAI, default: Default } = require('turnwire');\nif (Default !== OpenAI) throw 1;"],
  ['both.mjs', "import { createRequire } from 'node:module';\nimport * as esm from 'turnwire';\nconst { OpenAI } = createRequire(import.meta.url)('turnwire');\nif (esm.RateLimitError !== createRequire(import.meta.url)('turnwire').RateLimitError) throw 1;"],
]) {
  test(`the packed package streams from ${name}`, async () => {
    writeFileSync(join(place, name), head + BODY);
    const model = await fake.script(chat('안', '녕'));
    const { stdout } = await exec(process.execPath, [name, fake.baseURL, model], { cwd: place });
    assert.equal(stdout, '안녕\n');
  });
}

const { build } = createRequire(join(own, 'package.json'))('esbuild');
/** Bundles a program for Node, and gives the file. */
async function bundled(name, source, options) {
  writeFileSync(join(place, `${name}.in.mjs`), source);
  const outfile = join(place, 'bundles', name, `out.${options.format === 'esm' ? 'mjs' : 'cjs'}`);
  await build({ absWorkingDir: place, entryPoints: [`${name}.in.mjs`], bundle: true, platform: 'node', logLevel: 'silent', outfile, ...options });
  return outfile;
}

for (const format of ['cjs', 'esm']) {
  const head = "import Default, { OpenAI, Stream } from 'turnwire';\nif (Default !== OpenAI || typeof Stream !== 'function') throw 1;";
  // A CommonJS part of an ESM bundle needs `require`, whatever it is.
  const banner = format === 'esm' ? { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" } : {};

  test(`bundled by esbuild as ${format}, with the native part beside it, it works`, async () => {
    const file = await bundled(`whole-${format}`, head + BODY, { format, banner, loader: { '.node': 'copy' } });
    const model = await fake.script(chat('안', '녕'));
    // Nothing of what was installed is found from there.
    const elsewhere = mkdtempSync(join(tmpdir(), 'turnwire-bundle-'));
    cpSync(join(file, '..'), elsewhere, { recursive: true });
    const { stdout } = await exec(process.execPath, [join(elsewhere, `out.${format === 'esm' ? 'mjs' : 'cjs'}`), fake.baseURL, model], { cwd: elsewhere });
    rmSync(elsewhere, { recursive: true });
    assert.equal(stdout, '안녕\n');
  });

  test(`left out of a bundle of esbuild as ${format}, it works`, async () => {
    const file = await bundled(`without-${format}`, head + BODY, { format, external: ['turnwire'] });
    const model = await fake.script(chat('a'));
    assert.equal((await exec(process.execPath, [file, fake.baseURL, model], { cwd: place })).stdout, 'a\n');
  });
}

test('a bundler that does not know native parts says so when it builds', async () => {
  await assert.rejects(bundled('unaware', "import 'turnwire';", { format: 'cjs' }), /No loader is configured for "\.node" files/);
});

for (const [condition, entry] of ['edge-light', 'workerd'].flatMap((each) => ['turnwire', 'turnwire/openai', 'turnwire/testing'].map((entry) => [each, entry]))) {
  test(`${entry} tells in one sentence that it does not run on ${condition}`, async () => {
    const file = await bundled(`edge-${condition}-${entry.replace('/', '-')}`, `import * as all from '${entry}';\nconsole.log(all);`, { format: 'esm', conditions: [condition], platform: 'neutral' });
    await assert.rejects(exec(process.execPath, [file]), /Error: turnwire has a native part, which edge runtimes cannot load/);
  });
}

for (const [name, program] of [
  ['testing.mjs', "import { FakeLlm, FakeStore } from 'turnwire/testing';\n"],
  ['testing.cjs', "const { FakeLlm, FakeStore } = require('turnwire/testing');\n"],
]) {
  test(`the packed package has its fakes, loaded from ${name}`, async () => {
    writeFileSync(join(place, name), `${program}const fake = new FakeLlm();\nfake.reply('a');\nconsole.log(new FakeStore().requests, fake.baseURL);`);
    assert.match((await exec(process.execPath, [name], { cwd: place })).stdout, /^\[\] http:\/\/127\.0\.0\.1:\d+\/v1\n$/);
  });
}

test('both ways export the same names', async () => {
  const cjs = createRequire(import.meta.url)('turnwire');
  assert.deepEqual(Object.keys(await import('turnwire')).sort(), Object.keys(cjs).filter((name) => name !== '__esModule').sort());
});

test('what is packed is small, and nothing of the build', async () => {
  const { stdout } = await exec('tar', ['tzf', tarball]);
  const files = stdout.trim().split('\n');
  assert.ok(files.every((file) => /^package\/(dist\/.*\.(js|mjs|d\.ts|d\.mts)|native(-nats|-speech|-web)?\.d\.ts|((browser|react)\/)?package\.json|README\.md|LICENSE-\w+)$/.test(file)), stdout);
});

test('nothing runs at install time', () => {
  const { scripts } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));
  assert.deepEqual(Object.keys(scripts).filter((name) => /install|prepare/.test(name)), []);
});

test('publint finds nothing', async () => {
  const { stdout } = await exec(bin('publint'), ['run', '--strict', tarball]);
  assert.match(stdout, /All good/);
});

test('are-the-types-wrong finds nothing', async () => {
  const { stdout } = await exec(bin('attw'), [tarball, '--profile', 'node16', '--no-color']);
  assert.match(stdout, /No problems found/);
});

test('strict types hold on the examples, on typed programs, and beside those of the openai package, by TypeScript 5.9 and 7', async () => {
  const folder = join(place, 'typed');
  mkdirSync(folder);
  for (const name of ['node', 'express']) {
    mkdirSync(join(folder, name));
    const examples = join(root, 'examples', name);
    for (const file of readdirSync(examples).filter((file) => file.endsWith('.mjs'))) copyFileSync(join(examples, file), join(folder, name, file));
  }
  mkdirSync(join(place, 'node_modules/@types'));
  for (const name of ['fastify', 'hono', '@hono', 'express', '@types/express']) symlinkSync(join(import.meta.dirname, 'node_modules', name), join(place, 'node_modules', name));
  for (const name of ['typed', 'parity', 'beside']) copyFileSync(join(import.meta.dirname, `${name}.ts`), join(folder, `${name}.mts`));
  copyFileSync(join(import.meta.dirname, 'beside.ts'), join(folder, 'beside.cts'));
  writeFileSync(join(folder, 'fields.mts'), fieldsOfCore());
  writeFileSync(join(folder, 'values.mts'), `export { ${Object.keys(await import('turnwire'))} } from 'turnwire';\n`);
  symlinkSync(join(import.meta.dirname, 'node_modules/openai'), join(place, 'node_modules/openai'));
  const types = join(own, 'node_modules/@types');
  const strict = { strict: true, noEmit: true, module: 'nodenext', target: 'es2022', lib: ['es2023'], types: ['node'], typeRoots: [types] };
  const projects = {
    examples: { compilerOptions: { ...strict, allowJs: true, checkJs: true, noImplicitAny: false, skipLibCheck: true }, include: ['node/*.mjs', 'express/*.mjs'] },
    typed: { compilerOptions: { ...strict, exactOptionalPropertyTypes: true }, include: ['typed.mts', 'fields.mts', 'values.mts'] },
    // Theirs names the browser's types, and is not ours to check.
    parity: { compilerOptions: { ...strict, lib: ['es2023', 'dom'], skipLibCheck: true }, include: ['parity.mts'] },
    beside: { compilerOptions: { ...strict, lib: ['es2023', 'dom'], skipLibCheck: true }, include: ['beside.*'] },
  };
  for (const [name, project] of Object.entries(projects)) {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(project));
    for (const tsc of [join(own, 'node_modules/.bin/tsc'), bin('tsc')]) {
      await exec(tsc, ['-p', file]).catch((error) => assert.fail(`${name}\n${error.stdout}`));
    }
  }
});

/** The types of core's objects of settings. */
const SETTINGS = {
  openai: 'ModelSettings',
  store: 'StoreSettings',
  'store.paths': 'StorePaths',
  service: 'ServiceSettings',
  'service.paths': "NonNullable<ours.ServiceSettings['paths']>",
  outbox: 'OutboxSettings',
  'outbox.limits': 'OutboxLimits',
  'outbox.delivery': 'DeliverySettings',
  nats: 'NatsSettings',
  courier: 'CourierSettings',
  turns: 'TurnsSettings',
  'turns.fallbacks': 'FallbackSettings',
  'turns.history': 'HistorySettings',
  'turns.prompts': 'PromptSettings',
  'turns.sentiment': 'SentimentModel',
  'turns.speech': 'SpeechSettings',
  routes: 'RoutesSettings',
  'routes.paths': 'RoutePaths',
  speaker: 'SpeakerSettings',
  'speaker.google': 'GoogleSpeakerSettings',
  'speaker.openai': 'OpenAISpeakerSettings',
  speech_request: 'SpeechRequest',
  http: 'HttpSettings',
  'http.timeouts': 'TimeoutSettings',
  'http.retry': 'RetrySettings',
  'http.limits': 'SizeLimits',
};

/** The types of core's objects of stores. */
const STORED = { message: 'StoreMessage', workspace: 'Workspace', session: 'StoreSession', page: 'HistoryPage' };

/** A program that compares core's names with our types: one that is missing on either side does not compile. */
function fieldsOfCore() {
  const native = createRequire(import.meta.url)(join(own, binary));
  const settings = native.settingsFields();
  assert.deepEqual(Object.keys(SETTINGS).sort(), Object.keys(settings).sort());
  const object = (names) => `{ ${names.map((name) => `'${name}': 0`).join(', ')} }`;
  const program = ["import type * as ours from 'turnwire';", 'type All<Type> = Record<keyof Type, 0>;'];
  const same = (type, names) => program.push(`export const _${program.length}: All<${type.startsWith('NonNullable') ? type : `ours.${type}`}> = ${object(names)};`);
  for (const [name, type] of Object.entries(SETTINGS)) same(type, settings[name]);
  const stored = native.storedFields();
  assert.deepEqual(Object.keys(STORED).sort(), Object.keys(stored).sort());
  for (const [name, type] of Object.entries(STORED)) same(type, stored[name]);
  program.push(`export const presets: Record<keyof typeof ours.presets, 0> = ${object(native.presets())};`);
  same('TurnRequest', native.turnRequestFields().map(camelCase));
  same('PayloadRecord', native.recordFields().record);
  same('MessageRecord', native.recordFields().message);
  same('TurnEvents', Object.keys(native.eventFields()));
  for (const [type, names] of Object.entries(native.eventFields())) same(`TurnEvents['${type}']`, names.filter((name) => name !== 'type'));
  program.push(`export const codes: Record<ours.ErrorCode, 0> = ${object(native.errorCodes())};`);
  // Requests may have fields that core hands on without knowing them.
  program.push(`export const fields: (keyof ours.ChatCompletionCreateParamsBase)[] = ${JSON.stringify(native.requestFields())};`);
  return program.join('\n');
}

function camelCase(name) {
  return name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

/** The sizes of a library's sections, by their names. */
function sections(elf) {
  const [table, entry, count, names] = [Number(elf.readBigUInt64LE(40)), elf.readUInt16LE(58), elf.readUInt16LE(60), elf.readUInt16LE(62)];
  const at = (number, field) => Number(elf.readBigUInt64LE(table + number * entry + field));
  const name = (number) => elf.toString('latin1', at(names, 24) + elf.readUInt32LE(table + number * entry)).split('\0', 1)[0];
  return Object.fromEntries(Array.from({ length: count }, (_, number) => [name(number), at(number, 32)]));
}

// A debug build, which is several times as large, has no layout.
const isLaidOut = platform === 'linux-x64-gnu' && statSync(join(own, binary)).size < 50e6;
test('the functions of a streamed chat stand together', { skip: !isLaidOut && 'only in builds for Linux that are shipped' }, () => {
  const { '.text.chat': chat, '.text': rest } = sections(readFileSync(join(own, binary)));
  // Fewer: names have changed, and programs take megabytes more. More: patterns match what no chat runs. See tests/bench/layout.py.
  assert.ok(chat > 1_100_000 && chat < 1_600_000, `${chat} bytes`);
  assert.ok(rest > 4_000_000, `${rest} bytes`);
});

/** The entries for pages as they are published: their size, their parts, their types, and `instanceof` across copies. */

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';

import { packed } from './packed.mjs';

const exec = promisify(execFile);
const own = fileURLToPath(new URL('../../bindings-node', import.meta.url));
const bin = (name) => join(import.meta.dirname, 'node_modules/.bin', name);

let place;
let tarball;
before(async () => {
  place = mkdtempSync(join(tmpdir(), 'turnwire-pages-'));
  tarball = await packed(place);
  mkdirSync(join(place, 'node_modules/turnwire'), { recursive: true });
  execFileSync('tar', ['xzf', tarball, '--strip-components=1', '-C', join(place, 'node_modules/turnwire')]);
});
after(() => rmSync(place, { recursive: true, force: true }));

/** The code that a page would load of a program, minified. */
async function bundled(source, { external = ['react', 'react/jsx-runtime'], ...options } = {}) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: place },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2020',
    external,
    write: false,
    metafile: true,
    ...options,
  });
  return { code: outputFiles[0].text, inputs: Object.keys(metafile.inputs) };
}

const gzipped = (code) => execFileSync('gzip', ['-9', '--no-name'], { input: code }).length;

test('a page loads at most 4 kB for the browser entry, and 6 kB more for a chat in React', async () => {
  const browser = gzipped((await bundled("export * from 'turnwire/browser';")).code);
  const beyond = async (names) => gzipped((await bundled(`export * from 'turnwire/browser';\nexport ${names} from 'turnwire/react';`)).code) - browser;
  assert.ok(browser <= 4096, `browser: ${browser}`);
  const chat = await beyond('{ useChat, ChatProvider }');
  assert.ok(chat <= 6 * 1024, `a chat: ${chat} more`);
  // With what a page may leave out: WebAudio, messages kept across a reload, the history of a store.
  const all = await beyond('*');
  assert.ok(all <= 6.5 * 1024, `all of react: ${all} more`);
});

test('the documentation states the sizes', async () => {
  const readme = readFileSync(join(own, 'README.md'), 'utf8');
  for (const [sentence, code] of [
    [/`turnwire\/browser` is the client [^]*? in ([\d.]+) kB/, "export * from 'turnwire/browser';"],
    [/`turnwire\/react` is a chat [^]*? grows by ([\d.]+) kB/, "export { ChatService } from 'turnwire/browser';\nexport { useChat } from 'turnwire/react';"],
  ]) {
    const [, stated] = sentence.exec(readme);
    const size = gzipped((await bundled(code)).code) / 1000;
    assert.ok(Math.abs(size - stated) <= 0.1, `${stated} kB stated, ${size} found`);
  }
});

test('nothing of Node, of other packages or of the native part is in a page', async () => {
  const { code, inputs } = await bundled("export * from 'turnwire/browser';\nexport * from 'turnwire/react';");
  assert.deepEqual(inputs.filter((path) => !/^(<stdin>|.*node_modules\/turnwire\/dist\/(browser|react)\/index\.mjs)$/.test(path)), []);
  assert.doesNotMatch(code, /\bprocess\b|\bBuffer\b|node:|\brequire\(|__dirname|\.node\b/);
});

test('a strict content security policy allows all of it', async () => {
  const { code } = await bundled("export * from 'turnwire/browser';\nexport * from 'turnwire/react';");
  assert.doesNotMatch(code, /\beval\b|\bFunction\s*\(|innerHTML|document\.write|insertAdjacent|createElement\(["']script|setTimeout\(["'`]|javascript:|import\(/);
});

test('loading it touches nothing of the page, and only what is used stays in a bundle', async () => {
  const none = { navigator: undefined, document: undefined, window: undefined, fetch: undefined };
  const { code } = await bundled("import * as browser from 'turnwire/browser';\nglobalThis.loaded = Object.keys(browser);", { format: 'iife' });
  const global = { globalThis: undefined, ...none };
  new Function(...Object.keys(global), code)(...Object.values({ ...global, globalThis: global }));
  assert.deepEqual(global.loaded.sort(), ['ChatService', 'TurnStream', 'TurnwireError']);
  const { code: error } = await bundled("export { TurnwireError } from 'turnwire/browser';");
  assert.ok(error.length < 800, `${error.length} for the error class alone`);
});

test('the code is that of ES2020, which react-scripts 5 and Jest 27 read', async () => {
  for (const name of ['browser', 'react']) {
    for (const ending of ['js', 'mjs']) {
      const code = readFileSync(join(own, 'dist', name, `index.${ending}`), 'utf8');
      assert.doesNotMatch(code, /\?\?=|\|\|=|&&=|\bstatic \{|#\w+\s*[=;(]|Object\.hasOwn\b|\.at\(|replaceAll|structuredClone|AbortSignal\.(any|timeout)|toWellFormed|Promise\.withResolvers/, `${name}.${ending}`);
    }
  }
});

test('react is a client component, in both formats', () => {
  for (const ending of ['js', 'mjs']) assert.match(readFileSync(join(own, 'dist/react', `index.${ending}`), 'utf8'), /^['"]use client['"];/);
});

test('an error is known to the class of another copy, also where a bundler renamed both', async () => {
  const copies = [];
  for (const format of ['esm', 'cjs']) {
    const file = join(place, `copy.${format === 'esm' ? 'mjs' : 'cjs'}`);
    writeFileSync(file, (await bundled("export { ChatService, TurnwireError } from 'turnwire/browser';", { format })).code);
    copies.push(format === 'esm' ? await import(file) : createRequire(file)(file));
  }
  copies.push(createRequire(join(place, 'x.js'))('turnwire/browser'));
  const made = ({ ChatService }) => {
    try {
      new ChatService({ apiKey: 'k' });
    } catch (error) {
      return error;
    }
    return undefined;
  };
  for (const one of copies) {
    for (const other of copies) assert.ok(made(one) instanceof other.TurnwireError);
    class Derived extends one.TurnwireError {}
    assert.ok(!(made(one) instanceof Derived) && new Derived('a') instanceof Derived && !(new TypeError('a') instanceof one.TurnwireError));
  }
});

test('resolvers that ignore `exports` find the entries by their folders', () => {
  for (const name of ['browser', 'react']) {
    const folder = join(place, 'node_modules/turnwire', name);
    const { main, module, types } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const path of [main, module, types]) assert.ok(readFileSync(join(folder, path), 'utf8').length > 0);
  }
});

test('publint finds nothing', async () => {
  const { stdout } = await exec(bin('publint'), ['run', '--strict', tarball]);
  assert.match(stdout, /All good/);
});

test('are-the-types-wrong finds nothing, for any entry and resolution', async () => {
  const { stdout } = await exec(bin('attw'), [tarball, '--no-color', '--profile', 'strict', '--entrypoints', 'browser', 'react']).catch((error) => assert.fail(error.stdout));
  assert.match(stdout, /No problems found/);
  const all = await exec(bin('attw'), [tarball, '--no-color', '--profile', 'node16']).catch((error) => assert.fail(error.stdout));
  assert.match(all.stdout, /No problems found/);
});

test('the same program reads the turns of both packages, by strict types', async () => {
  const program = (entry) => `
    import { ChatService, TurnwireError } from '${entry}';
    import type { TurnEvent, TurnRequest, ChatAnswer } from '${entry}';
    export async function talk(service: ChatService, request: TurnRequest): Promise<string> {
      let text = '';
      try {
        const stream = await service.stream(request, { signal: new AbortController().signal });
        for await (const event of stream) {
          if (event.type === 'content') text += event.content;
          if (event.type === 'done' && event.stopped) break;
        }
        const answer: ChatAnswer = await service.send(request);
        const audio: Uint8Array = await service.speak(answer.reply);
        return text + audio.length + stream.requestId;
      } catch (error) {
        if (error instanceof TurnwireError && error.errorCode === 'truncated') return error.partial ?? '';
        throw error;
      }
    }
    export const event: TurnEvent = { type: 'workspace', workspaceId: 'w' };
    export const service = new ChatService({ baseURL: 'https://chat.example', accessToken: 'a', refreshToken: 'r', wire: 'text', fallback: false });
  `;
  const folder = join(place, 'typed');
  mkdirSync(folder);
  const options = { strict: true, noEmit: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, target: 'es2020', lib: ['es2020', 'es2022.error', 'dom', 'dom.iterable'], types: [] };
  writeFileSync(join(folder, 'browser.ts'), program('turnwire/browser'));
  for (const [module, moduleResolution] of [['esnext', 'bundler'], ['nodenext', 'nodenext']]) {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, module, moduleResolution }, include: ['browser.ts'] }));
    await exec(bin('tsc'), ['-p', folder]).catch((error) => assert.fail(`${module}\n${error.stdout}`));
  }
  writeFileSync(join(folder, 'node.mts'), program('turnwire'));
  const node = { ...options, skipLibCheck: true, lib: ['es2023', 'dom'], types: ['node'], typeRoots: [join(own, 'node_modules/@types')], module: 'nodenext', moduleResolution: 'nodenext' };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: node, include: ['node.mts'] }));
  await exec(bin('tsc'), ['-p', folder]).catch((error) => assert.fail(error.stdout));
});

test('the program of the documentation runs', async () => {
  const [, code] = /^```mjs\n(import .*turnwire\/browser.*?)^```/ms.exec(readFileSync(join(own, 'README.md'), 'utf8'));
  for (const [answer, expected] of [
    [() => new Response('data: {"type": "content", "content": "안녕"}\n\ndata: {"type": "done"}\n\n'), [['show', '안녕']]],
    [() => Promise.reject(new TypeError('Load failed')), [['offer', undefined]]],
  ]) {
    const calls = [];
    globalThis.documented = {
      session: { accessToken: 'the-access-token', refreshToken: 'the-refresh-token', renew: assert.fail },
      show: (text) => calls.push(['show', text]),
      offerToRetry: (text) => calls.push(['offer', text]),
    };
    const names = 'const { session, show, offerToRetry } = globalThis.documented;\nconst message = "안녕", workspaceId = "w", signal = undefined;\n';
    const { code: program } = await bundled(names + code, { target: 'es2022' });
    const saved = globalThis.fetch;
    globalThis.fetch = async (url) => (assert.equal(url, 'https://chat.example/chat/stream'), answer());
    await import(`data:text/javascript,${encodeURIComponent(program)}#${calls.length}${expected[0][0]}`).finally(() => {
      globalThis.fetch = saved;
      delete globalThis.documented;
    });
    assert.deepEqual(calls, expected);
  }
});

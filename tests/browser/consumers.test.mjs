/** Pages of other tools on the packed package: each builds, and runs in Chromium or in the tool's own DOM. */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { transform } from 'esbuild';

import { LIMIT, startChromium } from './chromium.mjs';
import { packed } from './packed.mjs';

const exec = promisify(execFile);
const sources = join(import.meta.dirname, 'consumers');
/** The installed consumers; what npm installed is used again as long as the lock files stay the same. */
const target = fileURLToPath(new URL('../../target/browser-consumers', import.meta.url));

let place;
let tarball;
let browser;
before(async () => {
  place = mkdtempSync(join(tmpdir(), 'turnwire-consumers-'));
  [tarball, browser] = await Promise.all([packed(place), startChromium()]);
});
after(async () => {
  await browser?.close();
  rmSync(place, { recursive: true, force: true });
});

/** Consumers with the same dependencies as an example, whose installed ones are copied. */
const ALIKE = { cra: 'react-cra', vite: 'react' };

/** Installs a consumer with the packed package, and gives its folder. */
async function installed(name) {
  const folder = join(target, name);
  const example = name in ALIKE && fileURLToPath(new URL(`../../examples/${ALIKE[name]}`, import.meta.url));
  const lock = readFileSync(join(example || join(sources, name), 'package-lock.json'), 'utf8');
  const isFresh = !existsSync(join(folder, 'installed')) || readFileSync(join(folder, 'installed'), 'utf8') !== lock;
  for (const file of existsSync(folder) ? readdirSync(folder) : []) {
    if (isFresh || !['node_modules', 'installed'].includes(file)) rmSync(join(folder, file), { recursive: true });
  }
  cpSync(join(sources, name), folder, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
  if (isFresh) {
    if (example) await exec('cp', ['-a', join(example, 'node_modules'), folder]);
    else await exec('npm', ['ci', '--no-audit', '--no-fund', '--silent', '--prefer-offline'], { cwd: folder });
    writeFileSync(join(folder, 'installed'), lock);
  }
  const own = join(folder, 'node_modules/turnwire');
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  await exec('tar', ['xzf', tarball, '--strip-components=1', '-C', own]);
  // Two of them read no JSX, or only in their own folder.
  const page = readFileSync(join(sources, 'page.jsx'), 'utf8');
  if (name === 'cra') writeFileSync(join(folder, 'src/page.js'), page);
  else if (name === 'webpack') writeFileSync(join(folder, 'page.js'), (await transform(page, { loader: 'jsx', jsx: 'automatic' })).code);
  else writeFileSync(join(folder, 'page.jsx'), page);
  return folder;
}

async function run(folder, ...script) {
  return exec('npm', ['run', '--silent', ...script], { cwd: folder, env: { ...process.env, CI: 'true', NEXT_TELEMETRY_DISABLED: '1', GENERATE_SOURCEMAP: 'false' } }).catch(({ stdout, stderr }) => assert.fail(`${stdout}\n${stderr}`));
}

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** Serves a folder under a strict content security policy; `close()` ends it. */
async function serve(folder) {
  const server = http.createServer(({ url }, response) => {
    const file = join(folder, url === '/' ? 'index.html' : new URL(url, 'http://a').pathname);
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? '', 'content-security-policy': "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'" }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Says hello on a page, and waits for the reply. */
async function talk(url) {
  const page = await browser.newPage();
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (line) => line.type() === 'error' && !/favicon|404/.test(line.text()) && wrong.push(line.text()));
  await page.route('**/chat/stream', (route) => route.fulfill({ contentType: 'text/event-stream', body: 'data: {"type": "content", "content": "네, 안녕하세요"}\n\ndata: {"type": "done"}\n\n' }));
  await page.goto(url);
  await page.getByRole('button', { name: 'Say hello' }).click();
  await page.getByText('assistant: 네, 안녕하세요').waitFor({ timeout: LIMIT }).catch(async (error) => assert.fail(`${error.message}\n${wrong.join('\n')}\n${await page.content()}`));
  assert.deepEqual(wrong, []);
  await page.close();
}

/** The scripts of a built page have nothing of Node. */
function checkScripts(folder) {
  const scripts = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js'));
  assert.ok(scripts.length > 0);
  for (const file of scripts) assert.doesNotMatch(readFileSync(join(folder, file), 'utf8'), /node:(fs|module|path)|createRequire|turnwire\.[\w-]+\.node|GoogleTranslateSpeaker/, file);
}

describe('consumers', { concurrency: 2 }, () => {
  test('react-scripts 5 builds it, and its test runs under Jest 27', async () => {
    const folder = await installed('cra');
    await run(folder, 'build');
    checkScripts(join(folder, 'build'));
    const { stderr } = await run(folder, 'test');
    assert.match(stderr, /Tests: +2 passed/);
    const server = await serve(join(folder, 'build'));
    await talk(server.url).finally(server.close);
  });

  for (const name of ['vite', 'webpack']) {
    test(`${name} builds it`, async () => {
      const folder = await installed(name);
      await run(folder, 'build');
      if (name === 'webpack') writeFileSync(join(folder, 'dist/index.html'), '<!doctype html><div id="root"></div><script src="main.js"></script>');
      checkScripts(join(folder, 'dist'));
      const server = await serve(join(folder, 'dist'));
      await talk(server.url).finally(server.close);
    });
  }

  test('vitest runs it in jsdom', async () => {
    const { stdout } = await run(await installed('vitest'), 'test');
    assert.match(stdout, /1 passed/);
  });

  test('Next.js builds it, renders it on the server and runs it in the page', async () => {
    const folder = await installed('next');
    await run(folder, 'build');
    checkScripts(join(folder, '.next/static'));
    const server = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '-p', '0', '-H', '127.0.0.1'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let said = '';
      const url = await new Promise((resolve, reject) => {
        server.stdout.on('data', (data) => {
          said += data;
          const found = /http:\/\/127\.0\.0\.1:(?!0\b)\d+/.exec(said);
          if (found) resolve(found[0]);
        });
        server.once('exit', () => reject(new Error(`it ended: ${said}`)));
      });
      const html = await (await fetch(url)).text();
      assert.match(html, /<h1>function<\/h1>/, html);
      assert.match(html, /Say hello/);
      await talk(url);
    } finally {
      server.kill();
    }
  });
});

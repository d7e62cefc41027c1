/** The `openai` package's own snippets run with the import changed, and so do those of our own pages. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { startFake } from './fake.mjs';

const exec = promisify(execFile);

/** Parts of the `openai` package that this one does not have, by words of the snippets that need them. Every other snippet runs. */
const NOT_TAKEN_OVER = [
  [/\bresponses\b/, 'the Responses API'],
  [/fineTuning|client\.files|webhooks|[Rr]ealtime/, 'APIs besides chat and models'],
  [/workloadIdentity/, 'credentials of cloud platforms; a function as apiKey takes their place'],
  [/AzureOpenAI|providers\/bedrock/, 'clients of their own for Azure and Bedrock'],
  [/\bfetch\b|fetchOptions/, 'another HTTP client in place of the own; proxies come from the environment'],
  [/client\.post\(/, 'requests of any kind'],
  [/jsr:|npm:/, 'Deno'],
];

const snippets = (path) => {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8');
  return [...text.matchAll(/^```(?:ts|js|typescript|javascript)\n(.*?)^```/gms)].map(([, code]) => code);
};
const theirs = snippets('node_modules/openai/README.md').map((code) => ({ code, without: NOT_TAKEN_OVER.find(([needs]) => needs.test(code))?.[1] }));
const runs = theirs.filter(({ without }) => !without).map(({ code }) => code);
const own = ['../../README.md', '../../bindings-node/README.md'].flatMap(snippets);

const folder = mkdtempSync(join(tmpdir(), 'turnwire-readme-'));
let fake;
before(async () => {
  fake = await startFake();
});
after(() => {
  fake.close();
  rmSync(folder, { recursive: true });
});

test('the snippets are found, and all for chat run but those that need a client of another kind', () => {
  const chat = theirs.filter(({ code }) => code.includes('chat.completions'));
  assert.ok(chat.length >= 6 && runs.length >= 6 && own.length >= 2, `${chat.length} ${runs.length} ${own.length}`);
  const left = chat.filter(({ without }) => without);
  assert.deepEqual(new Set(left.map(({ without }) => without)), new Set([NOT_TAKEN_OVER[2][1], NOT_TAKEN_OVER[3][1]]));
});

const all = [...[...runs, ...own].map((code) => [code, 'turnwire']), ...runs.map((code) => [code, 'turnwire/openai'])];
for (const [at, [code, name]] of all.entries()) {
  const title = code.split('\n').find((line) => /chat|new OpenAI|log/.test(line))?.trim();
  test(`snippet ${at} runs with ${name}: ${title}`, async () => {
    const { stdout, stderr } = await run(code, name);
    assert.equal(stderr, '');
    if (/console\.log|stdout\.write/.test(code)) assert.notEqual(stdout, '');
  });
}

async function run(code, name) {
  const program = code
    // For the files that a snippet makes.
    .replaceAll("'var/", `'${folder}/`)
    .replaceAll(/from '(openai)'/g, `from '${name}'`)
    // A server would run for ever.
    .replace('server.listen(3000)', 'server.listen(0, () => server.close())')
    // Parts that a snippet leaves to its reader, and a logger that is not installed here.
    .replace('// ...\n', "model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }],\n")
    .replace("import pino from 'pino';", 'const pino = () => ({ child: () => console });');
  const head = [
    /\bimport .*turnwire/.test(program) ? '' : `import OpenAI from '${name}';`,
    /\bconst client\b/.test(program) || !/\bclient\./.test(program) ? '' : 'const client = new OpenAI();',
  ].join('\n');
  const env = { ...process.env, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: fake.baseURL };
  // Through the link to this package, `openai` is looked for beside the link.
  return exec(process.execPath, ['--preserve-symlinks', '--input-type=module', '--eval', `${head}\n${program}`], { cwd: import.meta.dirname, env });
}

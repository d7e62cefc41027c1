/** The `openai` package's own snippets run with the import changed, and so do those of our own pages. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { startFake } from './fake.mjs';
import { installedWithNats } from './packed.mjs';

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
const documents = readdirSync(new URL('../../docs', import.meta.url), { recursive: true }).filter((path) => path.endsWith('.md'));
const own = ['../../README.md', '../../bindings-node/README.md', ...documents.sort().map((path) => `../../docs/${path}`)].flatMap(documented);

/** The snippets of a document of ours, with the messages by which the model answers; without any it repeats what it is told. */
function documented(path) {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8');
  const found = text.matchAll(/((?:^<!-- the model answers: [^\n]* -->\n)*)^```js\n(.*?)^```/gms);
  return [...found].map(([, answers, code]) => ({ code, answers: [...answers.matchAll(/answers: (.*) -->/g)].map(([, answer]) => JSON.parse(answer)) }));
}

/** The names of the extra for NATS: a snippet with one runs where that is installed. */
const NEEDS_NATS = /\b(NatsSink|Courier)\b/;
const folder = mkdtempSync(join(tmpdir(), 'turnwire-readme-'));
// Not in a hook, at whose end it would be removed.
const withNats = await installedWithNats();
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

const all = [
  ...runs.map((code) => ({ code, name: 'turnwire', answers: [] })),
  ...own.map((found) => ({ ...found, name: 'turnwire' })),
  ...runs.map((code) => ({ code, name: 'turnwire/openai', answers: [] })),
];
for (const [at, { code, name, answers }] of all.entries()) {
  const title = code.split('\n').find((line) => /chat|new OpenAI|log/.test(line))?.trim();
  test(`snippet ${at} runs with ${name}: ${title}`, async () => {
    const { stdout, stderr } = await answering(answers, ({ baseURL }) => run(code, name, baseURL));
    assert.equal(stderr, '');
    if (/console\.log|stdout\.write/.test(code)) assert.notEqual(stdout, '');
    if (SERVES.test(code)) assert.match(stdout, /"content".*"done"/s);
  });
}

/** A service whose model answers by these messages. */
async function answering(messages, work) {
  if (!messages.length) return work(fake);
  const own = await startFake();
  try {
    const choices = messages.map((message) => [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', ...message } }]);
    await own.script(choices.map((choices) => ({ framing: 'length', steps: [{ json: { id: 'c', choices } }] })), 'gpt-4o-mini');
    return await work(own);
  } finally {
    own.close();
  }
}

/** Snippets of a service: it gets a message, since it would run for ever, and its answer is printed. */
const SERVES = /app\.listen\(3000\)|serve\(\{ fetch|handler as POST/;
const ASKING = `
const message = { method: 'POST', headers: { 'content-type': 'application/json', 'x-user': 'user-1' }, body: '{"message":"hi","createWorkspace":true}' };
async function asked(server) {
  if (!server.listening) await new Promise((listening) => server.once('listening', listening));
  console.log(await (await fetch(\`http://127.0.0.1:\${server.address().port}/chat/stream\`, message)).text());
  server.close();
  server.closeAllConnections();
}
`;

async function run(code, name, baseURL) {
  const program = code
    // For the files that a snippet makes.
    .replaceAll("'var/", `'${folder}/`)
    .replaceAll(/from '(openai)'/g, `from '${name}'`)
    // A server would run for ever.
    .replace('server.listen(3000)', 'server.listen(0, () => server.close())')
    .replace('app.listen(3000)', "await asked(app.listen(0, '127.0.0.1'))")
    .replace('serve({ fetch: app.fetch, port: 3000 })', "await asked(serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }))")
    .replace(/^export \{ handler as .*$/m, "console.log(await (await handler(new Request('http://localhost/chat/stream', message))).text())")
    // Parts that a snippet leaves to its reader, and a logger that is not installed here.
    .replace('// ...\n', "model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }],\n")
    .replace("import pino from 'pino';", 'const pino = () => ({ child: () => console });');
  const head = [
    /\bimport .*turnwire/.test(program) ? '' : `import OpenAI from '${name}';`,
    SERVES.test(code) ? ASKING : '',
    /\bconst client\b/.test(program) || !/\bclient\./.test(program) ? '' : 'const client = new OpenAI();',
  ].join('\n');
  const env = { ...process.env, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: baseURL };
  // Through the link to this package, `openai` is looked for beside the link.
  const cwd = NEEDS_NATS.test(code) ? withNats : import.meta.dirname;
  return exec(process.execPath, ['--preserve-symlinks', '--input-type=module', '--eval', `${head}\n${program}`], { cwd, env });
}

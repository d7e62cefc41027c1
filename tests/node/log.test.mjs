/** Logging: what core tells reaches the logger, without content or secrets. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { OpenAI } from 'turnwire';

import { chat, startFake } from './fake.mjs';

let fake;
before(async () => {
  fake = await startFake();
});
after(() => fake.close());

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('calls are logged when they end, and levels below the logger’s are not', async () => {
  const lines = [];
  const to = (level) => (line) => lines.push(`${level} ${line}`);
  const logger = { error: to('error'), warn: to('warn'), info: to('info'), debug: to('debug') };
  const client = new OpenAI({ apiKey: 'sk-secret-key', baseURL: fake.baseURL, logger, logLevel: 'info' });
  const busy = { status: 503, headers: [['retry-after', '0']], steps: [{ json: {} }] };
  const model = await fake.script([busy, chat('a private word')]);
  for await (const _ of await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'another private word' }], stream: true }));
  // The line of the call's end is the last.
  for (let tries = 0; !lines.some((line) => line.startsWith('info turnwire') && line.includes(model)); tries += 1) {
    assert.ok(tries < 6000, lines.join('\n'));
    await wait(10);
  }
  const text = lines.join('\n');
  assert.ok(!lines.some((line) => line.startsWith('debug')), text);
  assert.doesNotMatch(text, /private|secret/);
});

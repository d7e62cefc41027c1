/** The command `npx turnwire outbox`: the same words as in every language. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { Outbox } from 'turnwire';

const { sink, steps, commands } = JSON.parse(readFileSync(new URL('../vectors/outbox-command/commands.json', import.meta.url), 'utf8'));
const manifest = createRequire(import.meta.url).resolve('turnwire/package.json');
const bin = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.turnwire);

let directory;
before(() => (directory = realpathSync(mkdtempSync(join(tmpdir(), 'outbox-')))));
after(() => rmSync(directory, { recursive: true, maxRetries: 10, force: true }));

function run(args, options = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: directory, encoding: 'utf8', ...options });
  return { code: status, out: fixed(stdout), err: fixed(stderr) };
}

function fixed(text) {
  return text
    .replaceAll(directory, '<directory>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'YYYY-MM-DD hh:mm:ss')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
}

test('the command is the same in every language', async () => {
  await fill();
  for (const { file = {}, arguments: args, code, out, err } of commands) {
    for (const [name, text] of Object.entries(file)) writeFileSync(join(directory, name), text);
    assert.deepEqual(run(['outbox', ...args]), { code, out, err }, args.join(' '));
  }
});

async function fill() {
  const deliver = ({ id }) => {
    const { after, ...outcome } = sink[id][0];
    return after === undefined ? outcome : { ...outcome, after: after * 1e3 };
  };
  const outbox = new Outbox(join(directory, 'outbox.db'), { sink: deliver });
  for (const step of steps) {
    const [name, given] = Object.entries(step)[0];
    if (name === 'until') {
      const isReached = (pending) => pending.length === given.length && pending[0].attempts === given[0].attempts;
      while (!isReached(await outbox.pending())) await outbox.flush({ timeout: 20 });
    } else if (name === 'shutdown') {
      await outbox.shutdown({ timeout: given });
    } else {
      const { user_id: userId, ...record } = given;
      await outbox[name]({ ...record, userId });
    }
  }
}

test('the file is one that npm can run, and names its commands', () => {
  assert.match(readFileSync(bin, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  for (const args of [[], ['inbox']]) {
    assert.deepEqual(run(args), { code: 2, out: '', err: 'usage: turnwire outbox <command> [options]; turnwire outbox --help shows more\n' });
  }
});

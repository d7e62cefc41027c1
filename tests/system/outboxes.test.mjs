/** The looks into outboxes, with a command that is made up. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'turnwire-outboxes-'));
after(() => rmSync(folder, { recursive: true }));

const [command, calls] = ['command', 'calls'].map((name) => join(folder, name));
process.env.TURNWIRE_PYTHON = command;
const { leftover } = await import('./outboxes.mjs');

const status = (pending, dead = 0) => `echo '${JSON.stringify({ pending, dead })}'`;
const unread = 'echo "error: the broker is not reached" >&2; exit 1';

/** Each call of the command gives the next answer, the last one again: a status, or an end without one. */
function answers(...answers) {
  const cases = answers.map((answer, at) => `${at < answers.length - 1 ? at : '*'}) ${answer};;`);
  writeFileSync(calls, '0\n');
  writeFileSync(command, ['#!/bin/sh', `read at < ${calls}`, `echo $((at + 1)) > ${calls}`, 'case $at in', ...cases, 'esac'].join('\n'), { mode: 0o700 });
}

test('a status that cannot be read is read again, and says nothing of what is left', async () => {
  answers(unread, status(1), unread, status(0));
  assert.equal(await leftover({ outboxes: [] }, 60_000), null);
  assert.equal(readFileSync(calls, 'utf8'), '4\n');
});

test('what is left is told as it was at last, or why it is not known', async () => {
  answers(status(2, 1));
  assert.match(await leftover({ outboxes: [] }, 0), /^the outboxes: .*"pending":2,"dead":1/);
  answers(unread);
  assert.match(await leftover({ outboxes: [] }, 0), /^the outboxes: .*the broker is not reached/);
});

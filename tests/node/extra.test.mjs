/** The package without its extra for NATS, and with one of another version. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { ChatStore, ConfigError, Courier, NatsSink, Outbox } from 'turnwire';

import { own } from './packed.mjs';

const INSTALL = 'the client of NATS brokers is an extra, which is not installed; install it: npm install turnwire-nats; in a clone, npm run build:nats builds it in';
const { version } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));

let folder;
before(() => (folder = mkdtempSync(join(tmpdir(), 'turnwire-extra-'))));
after(() => rmSync(folder, { recursive: true, maxRetries: 10, force: true }));

test('without the extra its classes say what to install, and show no secret', () => {
  const url = 'nats://app:hunter2@localhost:4222';
  for (const [make, operation] of [
    [() => new NatsSink(url), 'nats.sink'],
    [() => new Courier(url, () => {}), 'courier.build'],
    [() => new Courier(url, new ChatStore('http://localhost:1'), { tokenProvider: () => null, token: 'hunter2' }), 'courier.build'],
  ]) {
    assert.throws(make, (error) => error instanceof ConfigError && error.message === `${operation}: config: ${INSTALL}`);
  }
});

test('without the extra the command shows the files, and says what to install for the broker', async () => {
  const outbox = new Outbox(join(folder, 'outbox.db'));
  await outbox.enqueue({ conversation: 'chat', id: 'p1', payload: {} });
  await outbox.shutdown({ timeout: 0 });
  const bin = join(dirname(createRequire(import.meta.url).resolve('turnwire/package.json')), 'dist/command.js');
  const args = [bin, 'outbox', 'pending', '--json', '--file', 'outbox.db', '--nats', 'nats://app:hunter2@localhost:4222'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  assert.deepEqual([status, JSON.parse(stdout).id, stderr], [1, 'p1', `error: outbox.command: config: ${INSTALL}\n`]);
});

for (const [other, why] of [
  ['0.0.1', `turnwire ${version} cannot use turnwire-nats 0.0.1, which has another version: npm install turnwire-nats@${version}, or uninstall turnwire-nats`],
  [version, `turnwire-nats has no native part for ${process.platform} on ${process.arch}; if there should be one, install again without --omit=optional:`],
]) {
  test(`an extra that cannot be used, of version ${other}, is refused in words`, () => {
    const place = mkdtempSync(join(folder, 'place-'));
    const modules = join(place, 'node_modules');
    mkdirSync(modules);
    for (const part of ['dist', 'package.json']) cpSync(join(own, part), join(modules, 'turnwire', part), { recursive: true });
    for (const part of ['index.js', 'package.json']) cpSync(join(own, 'nats', part), join(modules, 'turnwire-nats', part));
    const manifest = join(modules, 'turnwire-nats/package.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`"version": "${version}"`, `"version": "${other}"`));
    const { status, stderr } = spawnSync(process.execPath, ['--eval', "require('turnwire')"], { cwd: place, encoding: 'utf8' });
    assert.deepEqual([status, stderr.split('\n').find((line) => line.startsWith('Error: '))], [1, `Error: ${why}`], stderr);
  });
}

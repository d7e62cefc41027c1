/**
 * Faults on the running system: `node faults.mjs [--seeds 1,2,3] [--short] [NAME …]`, as `cargo xtask faults` runs it.
 *
 * After each: no message is lost or doubled in the store, or out of order, no turn is stuck, the outbox is empty, and users saw words.
 */

import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { Ledger, SETTLED_WITHIN } from './ledger.mjs';
import { random } from './random.mjs';
import { ECHO, newFolder, startSystem } from './scripted.mjs';
import { python } from './system.mjs';
import { until, User } from './user.mjs';

/** Conversations at the same time. */
const CONVERSATIONS = 4;
/** The life of a token that expires during a turn, in seconds. */
const TOKEN_LIFE = 5;

/** Each makes its fault while the talks of a run go on. */
export const FAULTS = {
  'store-killed': async ({ system, turnsDone, turns, isShort }) => {
    await turnsDone(turns / 5);
    await system.store.kill();
    await (isShort ? turnsDone(turns / 2) : wait(30_000));
    await system.startStore();
  },
  'worker-killed': async ({ system, pick, turnsDone, turns }) => {
    for (const share of [0.2, 0.4, 0.6]) {
      await turnsDone(turns * share);
      const workers = system.workers();
      process.kill(workers[pick(workers.length)], 'SIGKILL');
    }
  },
  'gunicorn-reloaded': async ({ system, turnsDone, turns }) => {
    for (const share of [0.25, 0.5]) {
      await turnsDone(turns * share);
      system.chat.signal('SIGHUP');
    }
  },
  'chat-service-killed': async ({ system, turnsDone, turns }) => {
    await turnsDone(turns / 3);
    await system.chat.kill();
    await system.startChat();
  },
  'database-full': async ({ system, turnsDone, turns }) => {
    await turnsDone(turns / 5);
    const filler = join(system.folder, 'database', 'filler');
    fill(filler);
    await turnsDone(turns / 2);
    rmSync(filler);
    // After a failed write H2 opens its file only in another process.
    await system.store.stop();
    await system.startStore();
  },
  'token-expires': async ({ system, ledger, turnsDone, turns }) => {
    await turnsDone(turns / 3);
    const slow = { steps: [{ role: 'assistant' }, { text: '느린 ' }, { wait_ms: (TOKEN_LIFE + 1) * 1000 }, { text: '말' }, { finish: 'stop' }, { done: true }] };
    await system.script(slow, slow, ECHO);
    ledger.user.access = expiring(ledger.user.access, system.secret);
  },
  'model-fails': async ({ system, pick, turnsDone, turns }) => {
    await turnsDone(turns / 5);
    const broken = [
      { steps: [{ role: 'assistant' }, { text: '반' }, { reset: true }] },
      { steps: [{ role: 'assistant' }, { text: '반쪽' }, { truncate: true }] },
      { status: 500, steps: [{ json: { error: { message: 'The server had an error' } } }] },
      { status: 429, headers: [['retry-after', '0']], steps: [{ json: { error: { message: 'Rate limit' } } }] },
      { status: 400, steps: [{ json: { error: { message: 'The message is refused' } } }] },
      { framing: 'raw', steps: [{ reset: true }] },
    ];
    await system.script(...Array.from({ length: Math.ceil(turns / 4) }, () => broken[pick(broken.length)]), ECHO);
  },
  'browser-gone': async ({ ledger, pick }) => {
    ledger.each = () => leaves(pick);
  },
  'clock-back': async ({ system, turnsDone, turns }) => {
    await turnsDone(turns / 3);
    system.setClock(-3600);
  },
};

/** Writes a file until there is no space for more. */
function fill(file) {
  const descriptor = openSync(file, 'w');
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(4096));
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  } finally {
    closeSync(descriptor);
  }
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The same token, with a short life. */
function expiring(token, secret) {
  const [head, claims] = token.split('.');
  const short = { ...JSON.parse(Buffer.from(claims, 'base64url')), exp: Math.floor(Date.now() / 1000) + TOKEN_LIFE };
  const signed = `${head}.${Buffer.from(JSON.stringify(short)).toString('base64url')}`;
  const [algorithm] = /(?<=HS)\d+/.exec(JSON.parse(Buffer.from(head, 'base64url')).alg);
  return `${signed}.${createHmac(`sha${algorithm}`, Buffer.from(secret, 'base64')).update(signed).digest('base64url')}`;
}

/** One turn in three is left at its first event or at one of the next. */
function leaves(pick) {
  if (pick(3) > 0) return {};
  const leaver = new AbortController();
  let left = pick(4);
  return { signal: leaver.signal, onEvent: () => left-- === 0 && leaver.abort() };
}

/**
 * A system for faults: the database is on a file system of its own, which can be full, and the wall clock of store and chat service can be
 * set. The caller has a mount namespace of its own.
 */
export async function startForFaults(echo) {
  const folder = newFolder();
  const database = join(folder, 'database');
  mkdirSync(database);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'turnwire', database]);
  const onStopped = () => execFileSync('umount', [database]);
  const clock = join(folder, 'clock');
  const setClock = (seconds) => writeFileSync(clock, new BigInt64Array([BigInt(seconds)]), { flag: 'r+' });
  writeFileSync(clock, new BigInt64Array([0n]));
  const library = join(folder, 'clock.so');
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, fileURLToPath(new URL('clock.c', import.meta.url))]);
  const wall = { LD_PRELOAD: library, TURNWIRE_CLOCK: clock };
  const env = { store: wall, chat: wall };
  const system = await startSystem({ folder, withPage: false, env, echo, onStopped });
  return Object.assign(system, { setClock });
}

/** Some turns with a fault among them; gives what is wrong after it. */
export async function run(system, name, { seed, turns, isShort }) {
  const pick = random(seed * 1000 + Object.keys(FAULTS).indexOf(name));
  const ledger = new Ledger(await User.login(system));
  const talk = (at) => {
    const messages = Array.from({ length: Math.ceil(turns / CONVERSATIONS) }, (_, turn) => `${name} ${seed}: 이야기 ${at}, 말 ${turn}`);
    return ledger.talk(messages);
  };
  let isOver = false;
  const talks = Promise.all(Array.from({ length: CONVERSATIONS }, (_, at) => talk(at))).finally(() => (isOver = true));
  const turnsDone = (count) => until(() => isOver || ledger.turns >= count, () => `${ledger.turns} turns`, 180_000);
  await Promise.all([talks, FAULTS[name]({ system, ledger, pick, turns, isShort, turnsDone })]);
  const { messages, rows, found } = await ledger.differences();
  const outbox = await emptied(system);
  if (outbox) found.push(outbox);
  await system.script(ECHO);
  return { messages, rows, found, words: ledger.words, stages: ledger.stages };
}

/** Waits until the outbox is empty; gives what it still holds. */
async function emptied({ folder }) {
  const status = () => execFileSync(python, ['-m', 'turnwire.outbox', 'status', '--json', '--file', join(folder, 'outbox.db')], { encoding: 'utf8' }).trim();
  try {
    await until(() => /"pending":0\b.*"dead":0\b/.test(status()), status, SETTLED_WITHIN);
    return null;
  } catch {
    return `the outbox: ${status()}`;
  }
}

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { seeds: { type: 'string', default: '1' }, short: { type: 'boolean' } } });
  const isShort = values.short ?? false;
  const [turns, ms] = isShort ? [20, 40] : [100, 500];
  const names = positionals.length > 0 ? positionals : Object.keys(FAULTS);
  let faults = 0;
  for (const seed of values.seeds.split(',').map(Number)) {
    const system = await startForFaults(['--first', ms, '--next', ms].map(String));
    try {
      for (const name of names) {
        const began = Date.now();
        const { messages, rows, found, words, stages } = await run(system, name, { seed, turns, isShort });
        faults += found.length;
        console.log(`seed ${seed}, ${name}: ${messages} messages, ${rows} rows, ${found.length} wrong, ${((Date.now() - began) / 1000).toFixed(0)} s`);
        for (const what of found) console.log(`    ${what}`);
        for (const [word, count] of [...words, ...stages]) console.log(`    ${count} × ${word}`);
      }
    } finally {
      await system.stop();
    }
  }
  process.exitCode = faults > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();

/**
 * Faults on the running system: `node faults.mjs [--seeds 1,2,3] [--short] [--nats] [NAME …]`, as `cargo xtask faults` runs it.
 *
 * After each: the fault has had its effect, each conversation is one workspace with exactly its messages, whose times are in order, no turn
 * is stuck, the outbox is empty, and each failure that users saw has a code of `core/ERRORS.md`.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { startForFaults } from './faulty.mjs';
import { Ledger, SETTLED_WITHIN } from './ledger.mjs';
import { NATS_FAULTS } from './nats-faults.mjs';
import { leftover, ofFiles, sentAgain } from './outboxes.mjs';
import { random } from './random.mjs';
import { ECHO } from './scripted.mjs';
import { root } from './system.mjs';
import { claimsOf, signed } from './tokens.mjs';
import { until } from './until.mjs';
import { User } from './user.mjs';

/** Conversations at the same time. */
const CONVERSATIONS = 4;
/** The life of a token that expires during a turn, in seconds: longer than the turn needs to begin. The clock is then set to its end. */
const TOKEN_LIFE = 30;
/** The life of the store's own tokens, in seconds. */
const TOKEN_LASTS = 1800;
/** The seconds by which the clock is set back. */
const BACK = 3600;
/** The most kills of a store until one leaves a creation in doubt. */
const MOST_KILLS = 5;
/** The effect of that fault: the turns that ended meanwhile. */
const OUTAGE = 'turns with a full database';
/** The end of each message for that fault: each row is then too long for a page that has another one. */
const LONG = ' 아주 긴 말'.repeat(80);
/** The faults that cost no count: no process is killed, and the store takes every call. */
const ALL_COUNTED = new Set(['token-expires', 'model-fails', 'browser-gone', 'clock-back', 'couriers-gone']);
/** The most rows whose counts another fault may cost, as a share: only those that are under way at that moment are lost. */
const MOST_UNCOUNTED = 1 / 4;

/**
 * Each makes its fault while the talks of a run go on, and gives a function that tells its effects after them: a number of each, of which
 * none may be 0.
 */
export const FAULTS = {
  'store-killed': async ({ system, ledger, turnsDone, turns, isShort }) => {
    // The workspaces are there by then: `store-killed-at-creation` is for the others.
    await turnsDone(turns * 0.4);
    const { store } = system;
    await store.kill();
    const before = ledger.turns;
    try {
      await (isShort ? turnsDone(turns * 0.7) : wait(30_000));
    } finally {
      await system.startStore();
    }
    const without = ledger.turns - before;
    return () => ({ 'killed stores': Number(store.status === 'SIGKILL'), 'turns without a store': without });
  },
  'worker-killed': async ({ system, pick, turnsDone, turns }) => {
    let replaced = 0;
    for (const share of [0.2, 0.4, 0.6]) {
      await turnsDone(turns * share);
      const before = system.workers();
      const killed = before[pick(before.length)];
      process.kill(killed, 'SIGKILL');
      await until(() => hasOthers(system, before, [killed]), () => `the workers ${system.workers()} after ${before}`);
      replaced += 1;
    }
    return () => ({ 'replaced workers': replaced });
  },
  'gunicorn-reloaded': async ({ system, turnsDone, turns }) => {
    let replaced = 0;
    for (const share of [0.25, 0.5]) {
      await turnsDone(turns * share);
      const before = system.workers();
      system.chat.signal('SIGHUP');
      await until(() => hasOthers(system, before, before), () => `the workers ${system.workers()} after ${before}`);
      replaced += before.length;
    }
    return () => ({ 'replaced workers': replaced });
  },
  'chat-service-killed': async ({ system, ledger, turnsDone, turns }) => {
    await turnsDone(turns / 3);
    const { chat } = system;
    await chat.kill();
    await system.startChat();
    return () => ({ 'killed chat services': Number(chat.status === 'SIGKILL'), 'failed turns': ledger.failures });
  },
  'database-full': async ({ system, ledger, turnsDone, turns }) => {
    await turnsDone(turns / 5);
    const before = ledger.turns;
    const refusedBefore = refusedWrites(system);
    try {
      system.database.fill();
      await turnsDone(turns / 2);
      // Of the turns that began meanwhile no message has room.
      await until(() => refusedWrites(system) > refusedBefore, () => 'no write was refused');
    } finally {
      system.database.free();
    }
    const without = ledger.turns - before;
    const refused = refusedWrites(system) - refusedBefore;
    return () => ({ 'refused writes': refused, [OUTAGE]: without });
  },
  'token-expires': async ({ system, ledger, turnsDone, turns, name, seed }) => {
    await turnsDone(turns / 3);
    const { user } = ledger;
    const before = { renewals: user.renewals, messages: new Set(ledger.messages) };
    const hold = `${name} ${seed}`;
    await system.script([{ text: '느린 ' }, { hold }, { text: '말' }]);
    const token = expiring(user.access, system.secret);
    user.access = token;
    const said = `${name} ${seed}: 새 이야기`;
    const talk = ledger.talk([said, ...[2, 3].map((at) => `${name} ${seed}: 말 ${at}`)]);
    let held;
    try {
      // A turn whose request is at the model has begun with its token, which had not expired if nobody has a renewed one.
      await until(() => system.heard(said), () => `no request to the model for ${said}`);
      const begun = ledger.messages.filter((sent) => !before.messages.has(sent) && [sent.access, user.access].every((access) => access === token));
      held = (await Promise.all(begun.map(async (sent) => (await system.heard(sent.text)) && sent))).filter(Boolean);
      system.setClock(TOKEN_LIFE + 1);
    } finally {
      await system.script(ECHO);
      await system.release(hold);
    }
    await talk;
    return () => ({
      'replies that outlived their token': held.filter(({ access, isDone }) => isDone && access === token).length,
      renewals: user.renewals - before.renewals,
      'turns with a renewed token': ledger.messages.filter((sent) => !before.messages.has(sent) && sent.isDone && sent.access !== token).length,
    });
  },
  'model-fails': async ({ system, ledger, pick, turnsDone, turns }) => {
    await turnsDone(turns / 5);
    const broken = [
      { steps: [{ role: 'assistant' }, { text: '반' }, { reset: true }] },
      { steps: [{ role: 'assistant' }, { text: '반쪽' }, { truncate: true }] },
      { status: 400, steps: [{ json: { error: { message: 'The message is refused' } } }] },
      { status: 500, steps: [{ json: { error: { message: 'The server had an error' } } }] },
      { status: 429, headers: [['retry-after', '0']], steps: [{ json: { error: { message: 'Rate limit' } } }] },
      { framing: 'raw', steps: [{ reset: true }] },
    ];
    // The first three cannot be tried again without the user.
    const replies = Array.from({ length: Math.ceil(turns / 4) }, (_, at) => broken[at === 0 ? pick(3) : pick(broken.length)]);
    await system.script(...replies, ECHO);
    return () => ({ 'failed turns': ledger.failures });
  },
  'browser-gone': async ({ ledger, pick }) => {
    ledger.each = () => leaves(pick);
    return () => ({ 'turns that were left': ledger.messages.filter(({ isLeft }) => isLeft).length });
  },
  'store-killed-at-creation': async ({ system, ledger, pick, turnsDone, turns, isShort, name, seed }) => {
    let [killed, lost, without] = [0, 0, 0];
    const more = [];
    // A store that has answered all is killed again, with another conversation.
    for (let tries = 0; lost === 0 && tries < MOST_KILLS; tries += 1) {
      const { store } = system;
      // The requests for workspaces reach its port, and wait there.
      store.signal('SIGSTOP');
      try {
        if (tries > 0) more.push(ledger.talk([`${name} ${seed}: 새 이야기 ${tries}`]));
        // After a kill the outbox does not send at once.
        await until(() => isCreating(system), () => 'no request for a workspace', SETTLED_WITHIN);
        // In this time it makes none, some or all; at last it is killed before it goes on, and answers none.
        if (tries < MOST_KILLS - 1) {
          store.signal('SIGCONT');
          await wait(pick(30));
        }
        await store.kill();
      } finally {
        store.signal('SIGCONT');
      }
      killed += Number(store.status === 'SIGKILL');
      const before = ledger.turns;
      try {
        await until(() => !isCreating(system), () => 'a request to a store that is gone');
        lost = lostCreations(system);
        if (lost > 0) await (isShort ? turnsDone(turns / 2) : wait(30_000));
      } finally {
        await system.startStore();
      }
      without += ledger.turns - before;
    }
    await Promise.all(more);
    return () => ({ 'killed stores': killed, 'lost answers to a creation': lost, 'turns without a store': without });
  },
  'clock-back': async ({ system, ledger, turnsDone, turns, name, seed }) => {
    // A message is dated after its history, of which the store has to know what a broker had.
    if (system.hasBroker) ledger.beforeNext = ({ workspaceId, messages }) => ledger.user.stored(workspaceId, 2 * messages.length);
    await turnsDone(turns / 3);
    system.setClock(-BACK);
    const before = Math.floor(Date.now() / 1000) - BACK / 2;
    const { access } = await User.login(system);
    // In a conversation that goes on a message is dated after those before it.
    await ledger.talk([`${name} ${seed}: 새 이야기`]);
    return (rows) => ({
      'tokens of the hour before': Number(claimsOf(access).exp < before + TOKEN_LASTS),
      'rows of the hour before': rows.filter(({ msgSentAt }) => msgSentAt / 1000 < before).length,
    });
  },
};

/** The faults of every system, and of one with a broker. */
const ALL = { ...FAULTS, ...NATS_FAULTS };

/** Returns true once gunicorn has as many workers as before, and none of those that are gone. */
function hasOthers(system, before, gone) {
  const workers = system.workers();
  return workers.length === before.length && !workers.some((pid) => gone.includes(pid));
}

/** Returns true while the outbox waits for the answer to a creation. */
function isCreating(system) {
  return ofFiles(system, 'pending').some(({ state, conversation }) => state === 'sending' && conversation.startsWith('new-'));
}

/** The creations whose answer is lost: the store had the request, and may have made the workspace. */
function lostCreations(system) {
  return ofFiles(system, 'pending').filter(({ reason }) => /workspace could not be created: .*answer was lost/.test(reason)).length;
}

/** The writes that the database has refused since the start, of which the store tells in its log. */
function refusedWrites({ folder }) {
  const log = readFileSync(join(folder, 'logs/store.log'), 'utf8');
  return log.split('No space left on device').length - 1;
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The same token, with a short life. */
function expiring(token, secret) {
  return signed({ ...claimsOf(token), exp: Math.floor(Date.now() / 1000) + TOKEN_LIFE }, secret);
}

/** One turn in three is left at its first event or at one of the next. */
function leaves(pick) {
  if (pick(3) > 0) return {};
  const leaver = new AbortController();
  let left = pick(4);
  return { signal: leaver.signal, onEvent: () => left-- === 0 && leaver.abort() };
}

/** The codes that a failure may have. */
const CODES = new Set(readFileSync(join(root, 'core/ERRORS.md'), 'utf8').match(/(?<=^\| `)\w+(?=` \|)/gm));

/** Some turns with a fault among them; gives what is wrong after it, and the effects of the fault. */
export async function run(system, name, { seed, turns, isShort }) {
  const pick = random(seed * 1000 + Object.keys(ALL).indexOf(name));
  const ledger = await Ledger.of(await User.login(system));
  const talk = (at) => {
    const messages = Array.from({ length: Math.ceil(turns / CONVERSATIONS) }, (_, turn) => `${name} ${seed}: 이야기 ${at}, 말 ${turn}${name === 'database-full' ? LONG : ''}`);
    return ledger.talk(messages);
  };
  let isOver = false;
  const talks = Promise.all(Array.from({ length: CONVERSATIONS }, (_, at) => talk(at))).finally(() => (isOver = true));
  const turnsDone = (count) => until(() => isOver || ledger.turns >= count, () => `${ledger.turns} turns`, 180_000);
  try {
    const wrong = [];
    const [effects] = await Promise.all([ALL[name]({ system, ledger, pick, turns, isShort, turnsDone, name, seed, wrong }), talks]);
    // PostgreSQL refuses some rows while others still have room. A record that fails while others get through is a dead letter, for a person.
    const letters = name === 'database-full' ? await sentAgain(system, SETTLED_WITHIN) : 0;
    const left = await leftover(system, SETTLED_WITHIN);
    const mostUncounted = ALL_COUNTED.has(name) ? 0 : MOST_UNCOUNTED;
    // A full database refuses sessions as well, as an error of its own, which is not repeated.
    const { messages, rows, uncounted, found } = await ledger.differences({ mostUncounted, mayLackSession: name === 'database-full', mayPrecedeSession: name === 'store-killed-at-creation' });
    found.push(...wrong);
    if (left) found.push(left);
    if (!ledger.isSpread) found.push('no conversation used both services');
    const happened = effects(rows);
    for (const [effect, count] of Object.entries(happened)) if (!(count > 0)) found.push(`the fault had no effect: no ${effect}`);
    // Each turn has two messages. What the outbox itself delivers once there is space again needs no person.
    if (letters > 0 && letters >= 2 * happened[OUTAGE]) found.push(`${letters} dead letters: all messages of the outage`);
    for (const code of ledger.codes) if (!CODES.has(code)) found.push(`a failure without a code of ERRORS.md: ${code}`);
    return { messages, rows: rows.length, uncounted, letters, found, effects: happened, words: ledger.words, stages: ledger.stages };
  } finally {
    // A run leaves nothing to the next one, also when its fault could not be made.
    await Promise.allSettled([talks]);
    system.setClock(0);
    await system.script(ECHO);
  }
}

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { seeds: { type: 'string', default: '1' }, short: { type: 'boolean' }, nats: { type: 'boolean' } } });
  const isShort = values.short ?? false;
  const [turns, ms] = isShort ? [20, 40] : [100, 500];
  const all = Object.keys(values.nats ? ALL : FAULTS);
  const names = positionals.length > 0 ? positionals : all;
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`there is no fault ${unknown.join(', ')}; the faults are: ${all.join(', ')}`);
  let faults = 0;
  for (const seed of values.seeds.split(',').map(Number)) {
    const system = await startForFaults(['--first', ms, '--next', ms].map(String), { hasBroker: values.nats });
    try {
      for (const name of names) {
        const began = Date.now();
        const { messages, rows, uncounted, letters, found, effects, words, stages } = await run(system, name, { seed, turns, isShort });
        faults += found.length;
        console.log(`seed ${seed}, ${name}: ${messages} messages, ${rows} rows, ${uncounted} not counted, ${letters} dead letters sent again by hand, ${found.length} wrong, ${((Date.now() - began) / 1000).toFixed(0)} s`);
        console.log(`    ${Object.entries(effects).map(([effect, count]) => `${count} ${effect}`).join(', ')}`);
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

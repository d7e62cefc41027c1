/** The system for faults: its store is on PostgreSQL, which a killed store or a full file system does not damage, and its clock can be set. */

import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Postgres } from './postgres.mjs';
import { newFolder, startSystem } from './scripted.mjs';

/** Starts it without the page, if told with a broker; `echo` has options of the model. What it gives has `database` and `setClock(seconds)`, from now on, too. */
export async function startForFaults(echo, { hasBroker = false } = {}) {
  const folder = newFolder();
  let database;
  try {
    database = await Postgres.start(folder);
    const { env, setClock } = wall(folder);
    const onStopped = () => database.stop();
    const parts = { store: { ...env, ...database.env }, chat: env, courier: env };
    const system = await startSystem({ folder, hasBroker, withPage: false, env: parts, echo, onStopped });
    return Object.assign(system, { database, setClock });
  } catch (error) {
    await database?.stop();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The wall clock of store, chat services and couriers: its environment, and a function that sets it. */
function wall(folder) {
  const [library, clock] = ['clock.so', 'clock'].map((name) => join(folder, name));
  const source = fileURLToPath(new URL('clock.c', import.meta.url));
  try {
    execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, source], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`the clock that can be set needs a C compiler: the package gcc\n${error.stderr || error.message}`, { cause: error });
  }
  writeFileSync(clock, new BigInt64Array([0n]));
  const setClock = (seconds) => writeFileSync(clock, new BigInt64Array([BigInt(seconds)]), { flag: 'r+' });
  return { env: { LD_PRELOAD: library, TURNWIRE_CLOCK: clock }, setClock };
}

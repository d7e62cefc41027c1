/** A PostgreSQL of a test's own, with the tables of the store in a folder that may be on a small file system. */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, Program } from './processes.mjs';

/** The folder of Debian's programs, with one for each version. */
const DEBIAN = '/usr/lib/postgresql';
/** The user and the database that the store's profile names. */
const CHAT = 'chat';

/**
 * Starts it with its data in `folder`, but the tables in `tables`, so that no more than these is refused when that folder is full. Gives
 * the program and the environment of a store that uses it.
 */
export async function startPostgres({ folder, tables }) {
  const [data, port] = [join(folder, 'postgres'), await freePort()];
  // It does not run as root, nor as the root of a namespace.
  const as = (...command) => ['unshare', '--user', '--map-user=1000', '--map-group=1000', ...command];
  const run = ([command, ...args]) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run(as(program('initdb'), '--pgdata', data, '--username', CHAT, '--auth', 'trust', '--no-sync', '--encoding', 'UTF8', '--locale', 'C'));
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '', shared_buffers: '16MB' };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A process that changes its user forgets that it is to end with its parent.
  const database = new Program('database', as('setpriv', '--pdeathsig', 'TERM', program('postgres'), '-D', data, ...options), { log: join(folder, 'logs', 'database.log') });
  try {
    const place = ['--host', '127.0.0.1', '--port', String(port), '--username', CHAT];
    await database.until(() => attempt(() => run([program('pg_isready'), ...place])));
    run([program('psql'), ...place, '--dbname', 'postgres', '--command', `CREATE TABLESPACE tables LOCATION '${tables}'`]);
    run([program('createdb'), ...place, '--tablespace', 'tables', CHAT]);
  } catch (error) {
    await database.stop();
    throw error;
  }
  const env = { SPRING_PROFILES_ACTIVE: 'postgres', SPRING_DATASOURCE_URL: `jdbc:postgresql://127.0.0.1:${port}/${CHAT}` };
  return { database, env };
}

function attempt(act) {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

/** The program of the newest version that is installed, or the one on the PATH. */
function program(name) {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const newest = versions.sort((a, b) => Number(a) - Number(b)).at(-1);
  return newest ? join(DEBIAN, newest, 'bin', name) : name;
}

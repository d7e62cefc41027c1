/** A PostgreSQL of a test's own, whose tables are on a small file system that can be filled. */

import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { heldPort } from '../node/held-port.mjs';
import { Program } from './processes.mjs';

/** The folder of Debian's programs, with one for each version. */
const DEBIAN = '/usr/lib/postgresql';
/** The user and the database that the store's profile names. */
const CHAT = 'chat';
/** The size of the file system: the database is 8 MB without a row. */
const SIZE = '32m';
/**
 * It ends without a power cut, so that nothing is to be synchronized; and without vacuum no page that is full has room again. The
 * buffers are for a small machine.
 */
const SETTINGS = { listen_addresses: '127.0.0.1', unix_socket_directories: '', shared_buffers: '16MB', fsync: 'off', autovacuum: 'off' };

/** From then on a page has room for one long message. */
const ONE_A_PAGE = 'ALTER TABLE chat_message SET (fillfactor = 10)';
const MANY_A_PAGE = 'ALTER TABLE chat_message RESET (fillfactor)';
/** Takes the empty pages, which a transaction that is rolled back does not give back. */
const NO_EMPTY_PAGE = `DO $$ BEGIN LOOP
  INSERT INTO chat_message (msg_id, msg_sender_role, msg_content, msg_sent_at, msg_sender_uuid, msg_type, msg_workspace_id)
  VALUES (gen_random_uuid(), 'USER', repeat('.', 1000), now(), '', 'T', '');
END LOOP; EXCEPTION WHEN disk_full THEN END $$`;

export class Postgres {
  #server;
  #place;
  #tables;

  /** Starts it with its data in a folder. Its tables are in a mount namespace, and gone with it. */
  static async start(folder) {
    const postgres = new Postgres();
    await postgres.#start(folder);
    return postgres;
  }

  async #start(folder) {
    const [data, tables, logs, port] = [...['postgres', 'tables', 'logs'].map((name) => join(folder, name)), await heldPort()];
    run(asUser(program('initdb'), '--pgdata', data, '--username', CHAT, '--auth', 'trust', '--no-sync', '--encoding', 'UTF8', '--locale', 'C'));
    for (const made of [tables, logs]) mkdirSync(made, { recursive: true });
    const options = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const mounting = ['unshare', '--map-root-user', '--mount', 'sh', '-ec', `mount -t tmpfs -o size=${SIZE} turnwire "$0"; exec "$@"`, tables];
    // A process that changes its user forgets that it is to end with its parent.
    const server = asUser('setpriv', '--pdeathsig', 'TERM', program('postgres'), '-D', data, ...options);
    this.#server = new Program('database', [...mounting, ...server], { log: join(logs, 'database.log') });
    this.#place = ['--host', '127.0.0.1', '--port', String(port), '--username', CHAT];
    // The process of the server is the one that mounted them.
    this.#tables = join('/proc', String(this.#server.pid), 'root', tables);
    try {
      await this.#server.until(() => attempt(() => run([program('pg_isready'), ...this.#place])));
      this.#query('postgres', `CREATE TABLESPACE tables LOCATION '${tables}'`);
      run([program('createdb'), ...this.#place, '--tablespace', 'tables', CHAT]);
    } catch (error) {
      await this.stop();
      throw error;
    }
    /** The environment of a store that uses it. */
    this.env = { SPRING_PROFILES_ACTIVE: 'postgres', SPRING_DATASOURCE_URL: `jdbc:postgresql://127.0.0.1:${port}/${CHAT}` };
  }

  /** Leaves no room for another long message. */
  fill() {
    this.#query(CHAT, ONE_A_PAGE);
    const file = openSync(this.#filler, 'w');
    try {
      for (;;) writeSync(file, Buffer.alloc(4096));
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
    this.#query(CHAT, NO_EMPTY_PAGE);
  }

  /** Gives the room back. */
  free() {
    rmSync(this.#filler, { force: true });
    this.#query(CHAT, MANY_A_PAGE);
  }

  stop() {
    return this.#server.stop();
  }

  get #filler() {
    return join(this.#tables, 'filler');
  }

  #query(database, sql) {
    run([program('psql'), ...this.#place, '--dbname', database, '--quiet', '--command', sql]);
  }
}

function run([command, ...args]) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** It does not run as root, nor as the root of a namespace. */
const asUser = (...command) => ['unshare', '--user', '--map-user=1000', '--map-group=1000', ...command];

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

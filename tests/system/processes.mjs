/** Programs that serve, as child processes that do not outlive this one. */

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Time limit of a start, which takes seconds, and many on a busy machine or a cold disk. */
const READY_WITHIN = 300_000;
/** Time limit of an exit, after which the program is killed. A busy one needs many seconds for what it has in flight. */
const ENDS_WITHIN = 60_000;

/** A running program. */
export class Program {
  #log = '';

  /**
   * Starts it. The kernel sends it SIGTERM when this process ends, in every case. It stands in a process group of its own, so that
   * Ctrl-C in a terminal reaches this process alone, which ends its programs in their order. Its output goes to the file `log`, and
   * each line of its standard output to `onLine`.
   */
  constructor(name, [program, ...args], { cwd, env, log, onLine }) {
    this.name = name;
    this.child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args], { cwd, env: { ...process.env, ...env }, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    // A program that ends when its standard input does has ended by itself before this is closed.
    this.child.stdin.on('error', () => {});
    const file = createWriteStream(log, { flags: 'a' });
    for (const output of [this.child.stdout, this.child.stderr]) {
      output.setEncoding('utf8').on('data', (piece) => {
        file.write(piece);
        this.#log = (this.#log + piece).slice(-20_000);
      });
    }
    if (onLine) eachLine(this.child.stdout, onLine);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(String(error)));
      this.child.once('exit', (code, signal) => resolve(signal ?? `exit status ${code}`));
    });
    this.child.once('close', () => file.end());
    this.ended.then((status) => (this.status = status));
  }

  /** The end of what it printed. */
  get output() {
    return this.#log;
  }

  get pid() {
    return this.child.pid;
  }

  /** The first line of its standard output. */
  firstLine() {
    return this.until(() => /^(.*)\n/.exec(this.#log)?.[1]);
  }

  /** Waits until a function gives something. */
  async until(ready) {
    const end = Date.now() + READY_WITHIN;
    for (;;) {
      const value = await ready();
      if (value) return value;
      if (this.status) throw new Error(`the ${this.name} ended (${this.status}) before it was ready:\n${this.#log}`);
      if (Date.now() > end) throw new Error(`the ${this.name} was not ready within ${READY_WITHIN / 1000} s:\n${this.#log}`);
      await wait(20);
    }
  }

  signal(name) {
    if (!this.status) process.kill(this.pid, name);
  }

  /** Ends it, and what it started: with SIGTERM, and after some time with SIGKILL. */
  async stop() {
    this.child.stdin.end();
    this.signal('SIGTERM');
    const late = setTimeout(() => this.#killGroup(), ENDS_WITHIN);
    await this.ended;
    clearTimeout(late);
    this.#killGroup();
  }

  /** Kills it, and what it started. */
  async kill() {
    this.#killGroup();
    await this.ended;
  }

  #killGroup() {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // The group has no process any more.
    }
  }
}

function eachLine(output, onLine) {
  let rest = '';
  output.on('data', (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    lines.forEach(onLine);
  });
}

/** The status with which a request is answered, or 0. */
export const statusOf = (url) =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    () => 0,
  );

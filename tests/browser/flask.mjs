/** The Flask example with the fakes behind it, as a process. */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startFake, startStore } from '../node/fake.mjs';
import { heldPort } from '../node/held-port.mjs';
import { until } from './chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const python = process.env.TURNWIRE_PYTHON ?? join(root, 'target/python/venv/bin/python');

/** That of the fake store. */
const JWT_SECRET = 'dHVybndpcmUgZmFrZSBzdG9yZTogbm90IGEgc2VjcmV0IGF0IGFsbA==';
const MODEL = 'page';

/** Starts the service, a model, speech and a store; `close()` ends them. */
export async function startFlask(environment = {}) {
  if (!existsSync(python)) throw new Error(`there is no ${python}: a Python with turnwire and tests/python/requirements.txt, as cargo xtask test browser makes it`);
  const [llm, store] = await Promise.all([startFake(), startStore()]);
  const folder = mkdtempSync(join(tmpdir(), 'turnwire-flask-'));
  const address = `127.0.0.1:${await heldPort()}`;
  const child = spawn(python, ['-m', 'gunicorn', 'app:app'], {
    cwd: join(root, 'examples/flask'),
    env: {
      ...process.env,
      BIND: address,
      CHAT_FOLDER: folder,
      OPENAI_BASE_URL: llm.baseURL,
      OPENAI_MODEL: MODEL,
      TURNWIRE_STORE_URL: store.url,
      SPEECH_URL: llm.url,
      JWT_SECRET,
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (piece) => (log += piece));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await until(() => isOpen(address), () => log);
  return {
    url: `http://${address}`,
    llm,
    store,
    /** Sets the replies of the model. The names of new conversations are not among them. */
    script: (replies) => llm.script(replies, `${MODEL} stream`),
    async close() {
      child.kill();
      await ended;
      llm.close();
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isOpen = (address) =>
  new Promise((resolve) => {
    const [host, port] = address.split(':');
    const socket = net.connect(Number(port), host, () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
  });

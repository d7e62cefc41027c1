/** The whole system as processes: model, voice, store, chat service and page. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { answers, freePort, Program } from './processes.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const target = process.env.TURNWIRE_TARGET ?? join(root, 'target');
const fakeLlm = process.env.TURNWIRE_FAKE_LLM ?? join(target, 'debug/fake-llm');
export const python = process.env.TURNWIRE_PYTHON ?? join(target, 'python/venv/bin/python');
const storeJar = process.env.TURNWIRE_STORE_JAR ?? join(root, 'examples/spring-boot/target/chat-store.jar');
/** The interpreter of the real model's server. */
const modelPython = process.env.TURNWIRE_MODEL_PYTHON ?? join(target, 'local-llm/venv/bin/python');

/** The account to try: nobody reaches it from outside, as everything listens on 127.0.0.1. */
export const ACCOUNT = { name: 'kim', password: 'kim', id: '0b1e55ed-0000-4000-8000-000000000001' };

export class System {
  /** In the order of their start, in which each needs the one before; they end in the opposite one. */
  #programs = [];
  #isStopped = false;

  /**
   * `folder` has the files. With `isFake` the model is an echo, with the options `echo`. `env` has more of the environment of the
   * parts `store` and `chat`. `onCall` gets a line for each call of the chat service, and `onStart` the name of each part.
   */
  constructor({ folder, isFake = true, echo = [], port, env = {}, withChat = true, withPage = true, onCall, onStart = () => {} }) {
    Object.assign(this, { folder, isFake, echo, port, env, withChat, withPage, onCall, onStart });
  }

  async start() {
    mkdirSync(join(this.folder, 'logs'), { recursive: true });
    this.secret = secretIn(this.folder);
    this.pageUrl = `http://127.0.0.1:${this.port ?? (await freePort())}`;
    await this.#startVoice();
    if (!this.isFake) await this.#startModel();
    await this.startStore();
    if (this.withChat) await this.startChat();
    if (this.withPage) await this.#startPage();
    return this;
  }

  /** Ends all that runs, and a start that is under way. */
  async stop() {
    this.#isStopped = true;
    for (const program of this.#programs.toReversed()) await program.stop();
  }

  #run(name, command, options = {}) {
    if (this.#isStopped) throw new Error('the system is stopped');
    this.onStart(name);
    const program = new Program(name, command, { ...options, log: join(this.folder, 'logs', `${name.replace(' ', '-')}.log`) });
    this.#programs = [...this.#programs.filter(({ status }) => !status), program];
    return program;
  }

  async #startVoice() {
    const voice = this.#run('voice', [fakeLlm, '--real-voice', '--until-stdin-closes', ...this.echo]);
    this.fakeUrl = JSON.parse(await voice.firstLine()).url;
    this.voiceUrl = this.modelUrl = `${this.fakeUrl}/v1`;
  }

  async #startModel() {
    const data = join(target, 'local-llm');
    const server = join(root, 'tests/local-llm/serve.py');
    const model = this.#run('model', [modelPython, server, '--data-dir', data, '--until-stdin-closes']);
    // Its logs come before, on standard error.
    this.modelUrl = await model.until(() => /^\{"base_url": "([^"]+)"/m.exec(model.output)?.[1]);
  }

  /** Starts the store; a second time with the same database and port. */
  async startStore() {
    const portFile = join(this.folder, `store-${process.pid}.port`);
    rmSync(portFile, { force: true });
    // The quick compiler and the small collector: starting is most of its work here.
    const command = ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-jar', storeJar];
    const env = {
      SERVER_ADDRESS: '127.0.0.1',
      SERVER_PORT: this.storeUrl ? new URL(this.storeUrl).port : '0',
      CHAT_SECRET: this.secret,
      CHAT_ORIGINS: this.pageUrl,
      CHAT_ACCOUNTS_0_NAME: ACCOUNT.name,
      CHAT_ACCOUNTS_0_PASSWORD: ACCOUNT.password,
      CHAT_ACCOUNTS_0_ID: ACCOUNT.id,
      CHAT_PORT_FILE: portFile,
      ...this.env.store,
    };
    // Its database is below its working folder.
    this.store = this.#run('store', command, { cwd: this.folder, env });
    const port = await this.store.until(() => existsSync(portFile) && readFileSync(portFile, 'utf8').trim());
    rmSync(portFile);
    this.storeUrl = `http://127.0.0.1:${port}`;
  }

  /** Starts the chat service, the Flask example unless told; a second time with the same files and port. */
  async startChat({ folder = 'examples/flask', app = 'app:app', options = ['--config', 'gunicorn.conf.py'], env: more = this.env.chat } = {}) {
    this.chatUrl ??= `http://127.0.0.1:${await freePort()}`;
    const command = [python, '-m', 'gunicorn', ...options, '--bind', new URL(this.chatUrl).host, '--access-logfile', '-', '--access-logformat', '%(t)s %(m)s %(U)s %(s)s %(M)s ms', app];
    const env = {
      OPENAI_BASE_URL: this.modelUrl,
      OPENAI_API_KEY: 'none',
      OPENAI_SPEECH_URL: this.voiceUrl,
      TURNWIRE_STORE_URL: this.storeUrl,
      JWT_SECRET: this.secret,
      CHAT_FOLDER: this.folder,
      ORIGINS: this.pageUrl,
      ...more,
    };
    this.chat = this.#run('chat service', command, { cwd: join(root, folder), env, onLine: this.onCall });
    await this.chat.until(() => answers(`${this.chatUrl}/chat`));
  }

  async #startPage() {
    const cwd = join(root, 'examples/react');
    const vite = [process.execPath, 'node_modules/vite/bin/vite.js'];
    const built = join(this.folder, 'page');
    const env = { VITE_CHAT_URL: this.chatUrl, VITE_STORE_URL: this.storeUrl, VITE_LOGIN_URL: `${this.storeUrl}/login` };
    const build = this.#run('build of the page', [...vite, 'build', '--logLevel', 'warn', '--outDir', built, '--emptyOutDir'], { cwd, env });
    await build.until(() => build.status === 'exit status 0');
    const page = this.#run('page', [...vite, 'preview', '--strictPort', '--port', new URL(this.pageUrl).port, '--outDir', built], { cwd, env });
    await page.until(() => answers(this.pageUrl));
  }

  /** The processes of gunicorn that serve, without those that have ended. */
  workers() {
    const lines = execFileSync('ps', ['-o', 'pid=,stat=', '--ppid', String(this.chat.pid)], { encoding: 'utf8' }).trim().split('\n');
    const children = lines.map((line) => line.trim().split(/\s+/));
    return children.filter(([, state]) => !state.startsWith('Z')).map(([pid]) => Number(pid));
  }
}

/** The secret of the tokens, which is made once: Base64 of 32 random bytes. */
function secretIn(folder) {
  const file = join(folder, 'secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

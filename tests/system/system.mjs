/** The whole system as processes: model, voice, store, chat service and page; with a broker, two chat services and two couriers. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { heldPort } from '../node/held-port.mjs';
import { Program, statusOf } from './processes.mjs';
import { pairOf } from './tokens.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const target = process.env.TURNWIRE_TARGET ?? join(root, 'target');
const fakeLlm = process.env.TURNWIRE_FAKE_LLM ?? join(target, 'debug/fake-llm');
export const python = process.env.TURNWIRE_PYTHON ?? join(target, 'python/venv/bin/python');
const storeJar = process.env.TURNWIRE_STORE_JAR ?? join(root, 'examples/spring-boot/target/chat-store.jar');
const natsServer = process.env.TURNWIRE_NATS_RECENT ?? join(target, 'nats/venv/bin/nats-server');
const natsExtra = process.env.TURNWIRE_NATS_EXTRA ?? join(target, 'python/nats');
const courier = process.env.TURNWIRE_COURIER ?? join(target, 'debug/examples/courier');
/** The interpreter of the real model's server. */
const modelPython = process.env.TURNWIRE_MODEL_PYTHON ?? join(target, 'local-llm/venv/bin/python');

/** The account to try: nobody reaches it from outside, as everything listens on 127.0.0.1. */
export const ACCOUNT = { name: 'kim', password: 'kim', id: '0b1e55ed-0000-4000-8000-000000000001' };
/** The user whose tokens the couriers have, which reach the workspaces of all. */
const SERVICE = '0b1e55ed-0000-4000-8000-00000000000f';
/** The life of these tokens, in seconds: longer than any system runs. */
const SERVICE_LASTS = 365 * 24 * 3600;
/** The chat services, and the couriers, of a system with a broker. */
const MANY = 2;

/** The environment of Python programs that talk to the broker, for which the package has an extra. */
export const WITH_NATS = { PYTHONPATH: natsExtra };

export class System {
  /** In the order of their start, in which each needs the one before; they end in the opposite one. */
  #programs = [];
  #isStopped = false;
  /** The chat services: each with the `folder` of its files, the `pageUrl` of the page that talks to it, and its `url` once it is started. */
  chats = [];
  /** The couriers, each with its `url`. */
  couriers = [];

  /**
   * `folder` has the files. With `isFake` the model is an echo, with the options `echo`. With `hasBroker` there are a broker and couriers.
   * `env` has more of the environment of the parts `store`, `chat` and `courier`. `onCall` gets a line for each call of a chat service,
   * and `onStart` the name of each part.
   */
  constructor({ folder, isFake = true, echo = [], port, hasBroker = false, env = {}, withChat = true, withPage = true, onCall, onStart = () => {} }) {
    Object.assign(this, { folder, isFake, echo, port, hasBroker, env, withChat, withPage, onCall, onStart });
  }

  async start() {
    mkdirSync(join(this.folder, 'logs'), { recursive: true });
    this.secret = secretIn(this.folder);
    for (let at = 0; at < (this.hasBroker ? MANY : 1); at += 1) this.chats.push(await this.#place(at));
    await this.#startVoice();
    if (!this.isFake) await this.#startModel();
    if (this.hasBroker) await this.startBroker();
    await this.startStore();
    if (this.hasBroker) await this.#startCouriers();
    for (const at of this.chats.keys()) {
      if (this.withChat) await this.startChat({ at });
      if (this.withPage) await this.#startPage(at);
    }
    return this;
  }

  /** The program of the first chat service. */
  get chat() {
    return this.chats[0].program;
  }

  get chatUrl() {
    return this.chats[0].url;
  }

  get pageUrl() {
    return this.chats[0].pageUrl;
  }

  /** The files of the chat services' outboxes. */
  get outboxes() {
    return this.chats.map(({ folder }) => join(folder, 'outbox.db'));
  }

  /** Ends all that runs, and a start that is under way. */
  async stop() {
    this.#isStopped = true;
    for (const program of this.#programs.toReversed()) await program.stop();
  }

  #run(name, command, options = {}) {
    if (this.#isStopped) throw new Error('the system is stopped');
    this.onStart(name);
    const program = new Program(name, command, { ...options, log: join(this.folder, 'logs', `${name.replaceAll(' ', '-')}.log`) });
    this.#programs = [...this.#programs.filter(({ status }) => !status), program];
    return program;
  }

  /** The place of a chat service. The first has the files that a system without a broker has, so that what waits there is delivered. */
  async #place(at) {
    const folder = at === 0 ? this.folder : join(this.folder, `chat-${at + 1}`);
    mkdirSync(folder, { recursive: true });
    // Known before the start of the page: the store and the chat services accept its calls.
    const pageUrl = at === 0 && this.port ? `http://127.0.0.1:${this.port}` : await heldUrl();
    return { folder, pageUrl };
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

  /** Starts the broker; a second time with the same files and ports. */
  async startBroker() {
    this.brokerUrl ??= `nats://127.0.0.1:${await heldPort()}`;
    this.monitorUrl ??= await heldUrl();
    const { hostname, port } = new URL(this.brokerUrl);
    const command = [natsServer, '--jetstream', '--store_dir', join(this.folder, 'nats'), '--addr', hostname, '--port', port];
    this.broker = this.#run('broker', [...command, '--http_port', new URL(this.monitorUrl).port]);
    await this.broker.until(async () => (await statusOf(`${this.monitorUrl}/healthz`)) === 200);
  }

  async #startCouriers() {
    writeFileSync(this.#tokensFile, pairOf(SERVICE, this.secret, SERVICE_LASTS).join('\n'), { mode: 0o600 });
    for (let at = 0; at < MANY; at += 1) await this.startCourier(at);
  }

  /** The tokens of all couriers. */
  get #tokensFile() {
    return join(this.folder, 'service-tokens.txt');
  }

  /** Starts a courier; a second time on the same port. */
  async startCourier(at) {
    const url = this.couriers[at]?.url ?? (await heldUrl());
    const env = {
      TURNWIRE_NATS_URL: this.brokerUrl,
      TURNWIRE_STORE_URL: this.storeUrl,
      TURNWIRE_TOKENS_FILE: this.#tokensFile,
      TURNWIRE_COURIER_ADDRESS: new URL(url).host,
      ...this.env.courier,
    };
    const program = this.#run(`courier ${at + 1}`, [courier], { env });
    this.couriers[at] = { url, program };
    await program.until(async () => (await statusOf(`${url}/readyz`)) === 200);
  }

  /** Starts the store; a second time with the same database and port. */
  async startStore() {
    this.storeUrl ??= await heldUrl();
    // It is written once the store takes calls.
    const portFile = join(this.folder, `store-${process.pid}.port`);
    rmSync(portFile, { force: true });
    // The quick compiler and the small collector: starting is most of its work here.
    const command = ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-jar', storeJar];
    const env = {
      SERVER_ADDRESS: '127.0.0.1',
      SERVER_PORT: new URL(this.storeUrl).port,
      CHAT_SECRET: this.secret,
      CHAT_ORIGINS: this.#origins,
      CHAT_ACCOUNTS_0_NAME: ACCOUNT.name,
      CHAT_ACCOUNTS_0_PASSWORD: ACCOUNT.password,
      CHAT_ACCOUNTS_0_ID: ACCOUNT.id,
      CHAT_SERVICE: this.hasBroker ? SERVICE : '',
      CHAT_PORT_FILE: portFile,
      ...this.env.store,
    };
    // Its database is below its working folder.
    this.store = this.#run('store', command, { cwd: this.folder, env });
    await this.store.until(() => existsSync(portFile));
    rmSync(portFile);
  }

  /** The pages that may call store and chat services. */
  get #origins() {
    return this.chats.map(({ pageUrl }) => pageUrl).join(' ');
  }

  /** Starts a chat service, the Flask example unless told; a second time with the same files and port. */
  async startChat({ at = 0, folder = 'examples/flask', app = 'app:app', options = ['--config', 'gunicorn.conf.py'], env: more = this.env.chat } = {}) {
    const place = this.chats[at];
    place.url ??= await heldUrl();
    const command = [python, '-m', 'gunicorn', ...options, '--bind', new URL(place.url).host, '--access-logfile', '-', '--access-logformat', '%(t)s %(m)s %(U)s %(s)s %(M)s ms', app];
    const env = {
      OPENAI_BASE_URL: this.modelUrl,
      OPENAI_API_KEY: 'none',
      OPENAI_SPEECH_URL: this.voiceUrl,
      TURNWIRE_STORE_URL: this.storeUrl,
      TURNWIRE_NATS_URL: this.brokerUrl ?? '',
      ...(this.hasBroker && WITH_NATS),
      JWT_SECRET: this.secret,
      CHAT_FOLDER: place.folder,
      ORIGINS: this.#origins,
      ...more,
    };
    place.program = this.#run(this.#numbered('chat service', at), command, { cwd: join(root, folder), env, onLine: this.onCall });
    // The answer to a method that it does not take.
    await place.program.until(async () => (await statusOf(`${place.url}/chat`)) === 405);
  }

  async #startPage(at) {
    const cwd = join(root, 'examples/react');
    const vite = [process.execPath, 'node_modules/vite/bin/vite.js'];
    const { url, pageUrl } = this.chats[at];
    const name = this.#numbered('page', at);
    const built = join(this.folder, name.replace(' ', '-'));
    const env = { VITE_CHAT_URL: url, VITE_STORE_URL: this.storeUrl, VITE_LOGIN_URL: `${this.storeUrl}/login` };
    const build = this.#run(`build of the ${name}`, [...vite, 'build', '--logLevel', 'warn', '--outDir', built, '--emptyOutDir'], { cwd, env });
    await build.until(() => build.status === 'exit status 0');
    const page = this.#run(name, [...vite, 'preview', '--strictPort', '--port', new URL(pageUrl).port, '--outDir', built], { cwd, env });
    await page.until(async () => (await statusOf(pageUrl)) === 200);
  }

  #numbered(name, at) {
    return this.chats.length > 1 ? `${name} ${at + 1}` : name;
  }

  /** The processes of the first gunicorn that serve, without those that have ended. */
  workers() {
    const lines = execFileSync('ps', ['-o', 'pid=,stat=', '--ppid', String(this.chat.pid)], { encoding: 'utf8' }).trim().split('\n');
    const children = lines.map((line) => line.trim().split(/\s+/));
    return children.filter(([, state]) => !state.startsWith('Z')).map(([pid]) => Number(pid));
  }
}

/** An address with a port that is held for the program that serves there. */
const heldUrl = async () => `http://127.0.0.1:${await heldPort()}`;

/** The secret of the tokens, which is made once: Base64 of 32 random bytes. */
function secretIn(folder) {
  const file = join(folder, 'secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

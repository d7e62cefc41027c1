/** The fake LLM as a process, and its control over HTTP. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fakeLlm = process.env.TURNWIRE_FAKE_LLM ?? fileURLToPath(new URL('../../target/debug/fake-llm', import.meta.url));

/** Starts a fake LLM of its own; `close()` ends it. */
export async function startFake(...args) {
  return new Fake(...(await start(fakeLlm, args)));
}

/** Starts a fake chat store of its own; `close()` ends it. */
export async function startStore(...args) {
  return new FakeStore(...(await start(join(dirname(fakeLlm), 'fake-store'), args)));
}

/** Starts a fake chat service of its own; `close()` ends it. */
export async function startChat(...args) {
  return new FakeChat(...(await start(join(dirname(fakeLlm), 'fake-chat'), args)));
}

async function start(program, args) {
  if (!existsSync(program)) throw new Error(`there is no ${program}: cargo build -p turnwire-fakes`);
  const child = spawn(program, ['--until-stdin-closes', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error('the fake ended before it was ready')));
  });
  child.stdout.unref();
  child.stdin.unref();
  child.unref();
  return [child, JSON.parse(line).url];
}

export class Fake {
  #child;
  #keys = 0;

  constructor(child, url) {
    this.#child = child;
    this.url = url;
    this.baseURL = `${url}/v1`;
  }

  /** Sets what a model answers, and gives its name: one of its own unless given. */
  async script(scripts, model = `m${++this.#keys}`) {
    await this.control('PUT', `/_fake/scripts/${encodeURIComponent(model)}`, scripts);
    return model;
  }

  requests(model) {
    return this.control('GET', `/_fake/requests${model ? `?model=${encodeURIComponent(model)}` : ''}`);
  }

  /** Lets the replies go on that wait at a step `{ hold: name }`. */
  release(name) {
    return this.control('POST', `/_fake/release/${encodeURIComponent(name)}`);
  }

  /** Forgets scripts, requests and whatever it holds. */
  reset() {
    return this.control('POST', '/_fake/reset');
  }

  state() {
    return this.control('GET', '/_fake/state');
  }

  /** Waits until what the fake saw of a model's only request is as it should be. */
  async until(model, holds, ms = 60_000) {
    const end = Date.now() + ms;
    for (;;) {
      const [request] = await this.requests(model);
      if (request && holds(request)) return request;
      if (Date.now() > end) throw new Error(`it did not come so: ${JSON.stringify(request)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  close() {
    this.#child.kill();
  }

  // Not `fetch`: it would be measured with what is tested here.
  control(method, path, body) {
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.url}${path}`, { method, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece) => (text += piece));
        response.on('end', () => {
          if (response.statusCode >= 300) reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
          else resolve(text ? JSON.parse(text) : undefined);
        });
      });
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

export class FakeStore extends Fake {
  /** Everything that it holds. */
  stored() {
    return this.control('GET', '/_fake/stored');
  }

  /** Tokens of a user. */
  login(memUuid) {
    return this.control('POST', '/_fake/login', { memUuid });
  }

  /** Creates a workspace with an active session. */
  workspace(workspaceId, memUuid) {
    return this.control('POST', '/_fake/workspace', { workspaceId, memUuid });
  }
}

class FakeChat extends Fake {
  /** Creates a workspace. */
  workspace(workspaceId) {
    return this.control('POST', '/_fake/workspace', { workspaceId });
  }

  /** Refuses an access token from now on. */
  refuse(access) {
    return this.control('POST', '/_fake/refuse', { access });
  }
}

/** The CPU time of this process so far, in milliseconds: what a test costs, whatever else the machine does. */
export function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A stream with nothing wrong. */
export const chat = (...texts) => ({
  steps: [{ role: 'assistant' }, ...texts.map((text) => ({ text })), { finish: 'stop' }, { done: true }],
});

/** A stream that goes on for ever. */
export const endless = (ms = 5) => ({
  steps: [{ role: 'assistant' }, { repeat: { times: 1e9, steps: [{ text: '안녕 ' }, { wait_ms: ms }] } }],
});

export const messages = [{ role: 'user', content: '안녕하세요' }];

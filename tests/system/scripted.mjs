/** The system of a test: in a folder of its own, with replies that the test gives. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { System } from './system.mjs';

/** The model of the Flask example, and its requests that are streamed; the names of conversations are not. */
const STREAMS = 'gpt-4o-mini stream';

/** The message of the user, in pieces. */
export const ECHO = { act: 'pass' };

/** Starts it; the `stop()` of what it gives ends it and removes its files. */
export async function startSystem({ folder = newFolder(), ...options } = {}) {
  const system = new TestSystem({ folder, ...options });
  try {
    return await system.start();
  } catch (error) {
    await system.stop();
    throw error;
  }
}

export const newFolder = () => mkdtempSync(join(tmpdir(), 'turnwire-system-'));

class TestSystem extends System {
  #onStopped;

  constructor({ onStopped = () => {}, ...options }) {
    super(options);
    this.#onStopped = onStopped;
  }

  /** Sets the replies: each a text, a list of steps, or a whole script; the last one stays. */
  script(...replies) {
    return this.#control('PUT', `scripts/${encodeURIComponent(STREAMS)}`, replies.map(reply));
  }

  /** The request to the model whose last message is this one: its texts, and `system` for the instructions. */
  async heard(message) {
    const requests = await this.#control('GET', 'requests');
    const bodies = requests.filter(({ body }) => body.includes('"stream":true') && body.includes(JSON.stringify(message))).map(({ body }) => JSON.parse(body));
    const found = bodies.find(({ messages }) => messages.at(-1).content === message);
    return found?.messages.map(({ role, content }) => (role === 'system' ? role : content));
  }

  /** Lets replies go on that are at a `hold` of this name. */
  release(name) {
    return this.#control('POST', `release/${encodeURIComponent(name)}`);
  }

  async stop() {
    await super.stop();
    await this.#onStopped();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #control(method, call, body) {
    const response = await fetch(`${this.fakeUrl}/_fake/${call}`, { method, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${call}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

const reply = (given) => {
  if (typeof given !== 'string' && !Array.isArray(given)) return given;
  const steps = (typeof given === 'string' ? [given] : given).map((step) => (typeof step === 'string' ? { text: step } : step));
  const isWhole = !steps.some((step) => step.reset || step.truncate || step.stall);
  return { steps: [{ role: 'assistant' }, ...steps, ...(isWhole ? [{ finish: 'stop' }, { done: true }] : [])] };
};

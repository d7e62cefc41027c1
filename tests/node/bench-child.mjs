/** One measurement, in a process of its own: `bench-child.mjs <package> <what> [base URL] [model]` → JSON. */

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

const [library, what, baseURL, model] = process.argv.slice(2);
const messages = [{ role: 'user', content: 'hi' }];

const measure = {
  async import() {
    const began = performance.now();
    await import(library);
    return { ms: performance.now() - began };
  },

  async burst() {
    const client = await connect();
    await read(client, 'warm-up');
    const before = process.cpuUsage();
    const chunks = await read(client, model);
    return { us: cpu(before) / chunks, chunks };
  },

  async memory() {
    if (library !== 'none') await read(await connect(), model);
    return { mb: process.memoryUsage.rss() / 1e6 };
  },

  async paced() {
    const client = await connect();
    await read(client, 'warm-up');
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const before = process.cpuUsage();
    await Promise.all(Array.from({ length: 100 }, () => read(client, model)));
    const ms = cpu(before) / 1e3;
    delay.disable();
    return { ms, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  },
};

async function connect() {
  const { OpenAI } = await import(library);
  return new OpenAI({ apiKey: 'k', baseURL });
}

async function read(client, model) {
  let chunks = 0;
  let characters = 0;
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    chunks += 1;
    characters += chunk.choices[0]?.delta?.content?.length ?? 0;
  }
  if (characters === 0) throw new Error('nothing was said');
  return chunks;
}

/** The CPU time of the whole process, every thread, in microseconds. */
function cpu(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

console.log(JSON.stringify(await measure[what]()));

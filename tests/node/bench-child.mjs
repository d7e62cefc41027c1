/**
 * One measurement of one client, in a process of its own:
 * `bench-child.mjs <package> <what> <streams> <base URL> <facts> [<base URL> <facts> of the body that warms up]`.
 *
 * Facts are the JSON of the numbers that a reader of the body must find. It prints the costs as JSON.
 */

const [name, what, streams, base, facts, ...warmUp] = process.argv.slice(2);
const expected = JSON.parse(facts);
const bare = process.memoryUsage.rss();

const measure = {
  async import() {
    const before = process.cpuUsage();
    await import(name);
    return { ms: cpu(before) / 1e3 };
  },

  async flood() {
    const read = await connect();
    await read(); // it connects, and warms up
    const before = process.cpuUsage();
    await read();
    return { cpu_us: cpu(before) / expected.chunks };
  },

  /** Without the connections and the ends of the streams, and without the compilation of the code that reads them. */
  async paced() {
    await (await connect(...warmUp))();
    const read = await connect();
    const total = expected.chunks * Number(streams);
    const [first, last] = [Math.floor(total / 5), Math.floor((total * 9) / 10)];
    let [seen, before, used] = [0, undefined, undefined];
    const onChunk = () => {
      seen += 1;
      if (seen === first) before = process.cpuUsage();
      if (seen === last) used = cpu(before);
    };
    await Promise.all(Array.from({ length: Number(streams) }, () => read(onChunk)));
    return { cpu_us: used / (last - first) };
  },

  /** Above bare Node, after the first stream. */
  async memory() {
    const read = await connect();
    await read();
    return { memory_kib: (process.memoryUsage.rss() - bare) / 1024 };
  },
};

/** A function that reads one stream to its end. */
async function connect(from = base, told = facts) {
  const { text_utf16: length } = JSON.parse(told);
  const stream = name.startsWith('@ai-sdk/') ? await aiSdk(from) : await openAi(from);
  return async (onChunk = () => {}) => {
    let characters = 0;
    await stream((text) => {
      if (text) {
        characters += text.length;
        onChunk();
      }
    });
    if (characters !== length) throw new Error(`${characters} characters of ${told}`);
  };
}

/** `turnwire`, and the package that it takes the place of. */
async function openAi(base) {
  const { OpenAI } = await import(name);
  const client = new OpenAI({ apiKey: 'k', baseURL: `${base}/v1`, maxRetries: 0 });
  const messages = [{ role: 'user', content: 'hi' }];
  return async (onText) => {
    for await (const chunk of await client.chat.completions.create({ model: 'm', messages, stream: true })) {
      const delta = chunk.choices[0]?.delta;
      onText(delta?.content ?? delta?.tool_calls?.[0].function?.arguments);
    }
  };
}

/** The provider alone, without the package `ai` above it. */
async function aiSdk(base) {
  const { createOpenAICompatible } = await import(name);
  const model = createOpenAICompatible({ name: 'bench', apiKey: 'k', baseURL: `${base}/v1` }).chatModel('m');
  const prompt = [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }];
  return async (onText) => {
    const { stream } = await model.doStream({ prompt });
    for await (const part of stream) {
      if (part.type === 'error') throw part.error;
      if (part.type === 'text-delta' || part.type === 'tool-input-delta') onText(part.delta);
    }
  };
}

/** The CPU time of the whole process, every thread, in microseconds. */
function cpu(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

console.log(JSON.stringify(await measure[what]()));

/**
 * Sends a message to a language model, and shows the reply while it is generated.
 *
 *     node chat.mjs "안녕하세요"
 */

import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

import { APIUserAbortError, OpenAI } from 'turnwire';

import { offlineUnlessSet } from './offline.mjs';
import { visible } from './terminal.mjs';

const HELP = `usage: node chat.mjs [options] [message]

Sends a message to a language model, and shows the reply while it is generated. Without a message the standard
input is read. OPENAI_API_KEY and OPENAI_BASE_URL name the service; without them and without --base-url, a
small offline service inside this program answers.

  --base-url <URL>     where the service is, up to but not including /chat/completions
  --model <MODEL>      the model that answers (gpt-4o-mini)
  --system <TEXT>      instructions for the model
  --timeout <SECONDS>  the longest wait: for the response to begin, and for more of it
  --json               show the JSON of each chunk, one a line, instead of the text
  --no-stream          ask for the whole reply at once
`;

async function chat(options, message, signal) {
  const client = await connect(options);
  const { model, system } = options;
  /** @type {import('turnwire').ChatCompletionMessageParam[]} */
  const messages = [{ role: 'user', content: message }];
  if (system) messages.unshift({ role: 'system', content: system });

  if (options['no-stream']) {
    const reply = await client.chat.completions.create({ model, messages }, { signal });
    console.log(visible(options.json ? JSON.stringify(reply) : (reply.choices[0]?.message.content ?? '')));
    refused(reply.choices[0]?.message.refusal);
    return;
  }
  const stream = await client.chat.completions.create({ model, messages, stream: true }, { signal });
  let refusal = '';
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta;
    process.stdout.write(visible(options.json ? `${JSON.stringify(chunk)}\n` : (delta?.content ?? '')));
    refusal += delta?.refusal ?? '';
  }
  if (!options.json) process.stdout.write('\n');
  if (stream.controller.signal.aborted) throw new APIUserAbortError();
  refused(refusal);
}

function refused(refusal) {
  if (refusal) console.error(visible(`the model refused: ${refusal}`));
}

/** The client of the service that the options or the environment name; without either, of an offline one. */
async function connect(options) {
  const timeout = options.timeout && Number(options.timeout) * 1000;
  return new OpenAI({ baseURL: options['base-url'] ?? (await offlineUnlessSet()), timeout });
}

/** @returns {never} */
function usage(why) {
  console.error(`${why}\n\n${HELP}`);
  process.exit(2);
}

function options() {
  const text = /** @type {const} */ ({ type: 'string' });
  const flag = /** @type {const} */ ({ type: 'boolean' });
  try {
    return parseArgs({
      allowPositionals: true,
      options: { 'base-url': text, model: { ...text, default: 'gpt-4o-mini' }, system: text, timeout: text, json: flag, 'no-stream': flag, help: flag },
    });
  } catch (error) {
    return usage(String(error));
  }
}

const { values, positionals } = options();
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}
if (values.timeout !== undefined && !(Number(values.timeout) > 0)) usage('--timeout takes seconds');
const message = positionals.join(' ') || (process.stdin.isTTY ? '' : await text(process.stdin));
if (!message.trim()) usage('there is nothing to say: give a message, or write one to the standard input');

// The reader of the output may stop early, as `head` does.
process.stdout.on('error', () => process.exit());
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
try {
  await chat(values, message, interrupted.signal);
} catch (error) {
  const why = error instanceof Error && error.cause ? error.cause : error;
  console.error(visible(`\n${why instanceof Error ? why.message : why}`));
  process.exitCode = error instanceof APIUserAbortError ? 130 : 1;
}

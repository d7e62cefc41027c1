/** Runs the whole system until Ctrl-C: `node serve.mjs FOLDER [--fake-llm] [--port N]`, as `cargo xtask system` does. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ACCOUNT, System } from './system.mjs';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { 'fake-llm': { type: 'boolean' }, port: { type: 'string' } } });
const folder = resolve(positionals[0]);

const options = { folder, isFake: values['fake-llm'], port: values.port, onCall, onStart: (name) => console.error(`starting: ${name}`) };
const system = new System(options);

// From the beginning: a Ctrl-C during the start ends what has been started.
let isEnding = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);

try {
  await system.start();
  show();
} catch (error) {
  if (!isEnding) {
    console.error(`error: ${error.message}\nThe logs are in ${folder}/logs`);
    process.exitCode = 1;
    await end();
  }
}

async function end() {
  if (isEnding) return;
  isEnding = true;
  console.error('stopping');
  await system.stop();
  console.error('stopped');
}

function show() {
  console.log(`
  page            ${system.pageUrl}
  login           ${ACCOUNT.name} / ${ACCOUNT.password}
  chat service    ${system.chatUrl}
  chat store      ${system.storeUrl}
  model           ${system.modelUrl}
  files and logs  ${folder}

Stop it with Ctrl-C. A line for each turn:`);
}

/** Only turns and speech, without what browsers ask before them. */
function onCall(line) {
  if (/ POST \/chat/.test(line)) console.log(line);
}

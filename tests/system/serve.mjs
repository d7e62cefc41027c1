/** Runs the whole system until Ctrl-C: `node serve.mjs FOLDER [--fake-llm] [--nats] [--port N]`, as `cargo xtask system` does. */

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ACCOUNT, System } from './system.mjs';

const { positionals, values } = parseArgs({ allowPositionals: true, options: { 'fake-llm': { type: 'boolean' }, nats: { type: 'boolean' }, port: { type: 'string' } } });
const folder = resolve(positionals[0]);

const options = { folder, isFake: values['fake-llm'], hasBroker: values.nats, port: values.port, onCall, onStart: (name) => console.error(`starting: ${name}`) };
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
  const numbered = (name, all, place) => all.map((one, at) => [all.length > 1 ? `${name} ${at + 1}` : name, place(one)]);
  const rows = [
    ...numbered('page', system.chats, ({ pageUrl }) => pageUrl),
    ['login', `${ACCOUNT.name} / ${ACCOUNT.password}`],
    ...numbered('chat service', system.chats, ({ url }) => url),
    ['chat store', system.storeUrl],
    ['model', system.modelUrl],
    ...(system.broker ? [['broker', `${system.brokerUrl}   ${system.monitorUrl}/jsz?consumers=true`]] : []),
    ...numbered('courier', system.couriers, ({ url }) => `${url}/readyz   ${url}/metrics`),
    ['files and logs', folder],
  ];
  console.log(`
${rows.map(([name, place]) => `  ${name.padEnd(16)}${place}`).join('\n')}

Stop it with Ctrl-C. A line for each turn:`);
}

/** Only turns and speech, without what browsers ask before them. */
function onCall(line) {
  if (/ POST \/chat/.test(line)) console.log(line);
}

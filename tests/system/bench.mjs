/**
 * The time from the message to the first text of a new conversation on the real store and gunicorn, and that of the same turn by hand:
 * `node bench.mjs [--svg FILE]`, as `cargo xtask bench system` runs it. The file is a picture of one turn each way.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startSystem } from './scripted.mjs';
import { User } from './user.mjs';
import { waterfall } from './waterfall.mjs';

/** The model's first piece; each piece after the first takes 200 ms, and a name for the conversation is three. */
const [FIRST_MS, NEXT_MS] = [350, 200];
const SENTIMENT_MS = 300;
const ROUNDS = 10;
/** As the Flask example's, without its ending; connections outlive the pauses of a busy machine. */
const SERVER = ['--worker-class', 'gthread', '--threads', '64', '--workers', '2', '--preload', '--keep-alive', '75'];
/** The bars. */
const [MOST_MS, LEAST_RATIO] = [600, 2.8];

const { values: options } = parseArgs({ options: { svg: { type: 'string' } } });
const system = await startSystem({ withPage: false, withChat: false, echo: ['--first', FIRST_MS, '--next', NEXT_MS].map(String) });
try {
  const user = await User.login(system);
  const place = { model: system.modelUrl, store: system.storeUrl, user: user.id, access: user.access, refresh: user.refresh, outbox: join(system.folder, 'bench.db'), sentiment_ms: SENTIMENT_MS };
  await system.startChat({ folder: 'tests/system', app: 'measured:app', options: SERVER, env: { BENCH_PLACE: JSON.stringify(place) } });
  const times = { chat: [], sequential: [] };
  // The first of each opens connections.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [way, all] of Object.entries(times)) {
      const time = await firstText(`${system.chatUrl}/${way}/stream`, user);
      if (round > 0) all.push(time);
    }
  }
  const [ours, sequential] = Object.values(times).map(median);
  const ratio = sequential / ours;
  console.log(`Time to the first text of a new conversation, median of ${ROUNDS}: the model begins after ${FIRST_MS} ms, a name takes ${FIRST_MS + 2 * NEXT_MS} ms,`);
  console.log(`the sentiment ${SENTIMENT_MS} ms; store, gunicorn and database are real.`);
  console.log(`  turnwire              ${ours.toFixed(0).padStart(5)} ms   (bar: ${MOST_MS} ms)`);
  console.log(`  one after another     ${sequential.toFixed(0).padStart(5)} ms   ${ratio.toFixed(2)} times as long   (bar: ${LEAST_RATIO})`);
  if (options.svg) writeFileSync(options.svg, await picture(user));
  if (ours > MOST_MS || ratio < LEAST_RATIO) process.exitCode = 1;
} finally {
  await system.stop();
}

/** The stages of one turn each way. */
async function picture(user) {
  const turn = async (way, title) => ({ title, ...(await (await fetch(`${system.chatUrl}/${way}/timeline`)).json()) });
  const [ours, sequential] = [await turn('chat', 'turnwire'), await turn('sequential', 'One step after another')];
  const times = (sequential.first_token_ms / ours.first_token_ms).toFixed(1);
  const ms = ({ first_token_ms: first }) => `${first.toFixed(0)} ms`;
  const notes = [
    `A new conversation has its first text after ${ms(ours)}; one step after another after ${ms(sequential)}, ${times} times as long.`,
    'Gunicorn, the store and its database are real, the model and the sentiment simulated:',
    `the model takes ${FIRST_MS} ms to its first piece and ${NEXT_MS} ms for each further one, so ${FIRST_MS + 2 * NEXT_MS} ms for the name; the sentiment takes ${SENTIMENT_MS} ms,`,
    'of which turnwire waits 150. The light part of a reply is the wait for its first piece.',
  ];
  return waterfall('One turn on the whole system', notes, [ours, sequential]);
}

/** Milliseconds to the first text. */
async function firstText(url, { access, refresh }) {
  const headers = { 'content-type': 'application/json', Authorization: `Bearer ${access}`, RefreshToken: `Bearer ${refresh}` };
  const body = JSON.stringify({ message: '오늘 기분이 어때요?', createWorkspace: true });
  const began = performance.now();
  const response = await fetch(url, { method: 'POST', headers, body });
  let text = '';
  let time = null;
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (time === null && text.includes('"content":')) time = performance.now() - began;
  }
  if (time === null || !/"type": ?"done"/.test(text)) throw new Error(`${url}: ${response.status} ${text}`);
  return time;
}

function median(times) {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

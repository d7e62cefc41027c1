/** A program that runs one turn after another until it is killed: `talk.mjs <JSON of the run>`. The crash tests start it. */

import { appendFileSync } from 'node:fs';

import { OpenAI, Turns } from 'turnwire';

const run = JSON.parse(process.argv[2]);
const client = new OpenAI({ baseURL: run.model, apiKey: 'k', maxRetries: 0 });
const outbox = { path: run.outbox, delivery: { initialBackoff: 1, maxBackoff: 20 } };
const turns = new Turns(client, { model: 'm', store: run.store, outbox });
const fields = { userId: run.user_id, workspaceId: run.workspace_id, accessToken: run.access_token, refreshToken: run.refresh_token };
for (let n = 0; ; n += 1) {
  const message = `${run.name}-${n}`;
  const turn = turns.start({ message, ...fields });
  appendFileSync(run.taken, `${message}\n`);
  for await (const _ of turn);
  appendFileSync(run.answered, `${message}\n`);
}

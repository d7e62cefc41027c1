/** The turns of the chat service. */

import { join } from 'node:path';

import { ChatStore, OpenAI, presets, SqliteStore, Turns } from 'turnwire';

import { offlineUnlessSet } from '../node/offline.mjs';

const { CHAT_FOLDER: folder = 'var', OPENAI_MODEL: model = 'gpt-4o-mini', TURNWIRE_STORE_URL: store } = process.env;

export const turns = new Turns(new OpenAI({ baseURL: await offlineUnlessSet() }), {
  model,
  store: store ? new ChatStore(store) : new SqliteStore(join(folder, 'chat.db')),
  outbox: join(folder, 'outbox.db'),
  prompts: presets.korean(),
});

/** Delivers the messages that still wait. Those that it does not reach stay in the outbox's file, for the next start. */
process.once('SIGTERM', async () => {
  await turns.shutdown({ timeout: 10_000 });
  process.exit();
});

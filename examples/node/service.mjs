/** The turns of the chat services of these examples. */

import { join } from 'node:path';

import { ChatStore, GoogleTranslateSpeaker, OpenAI, presets, SqliteStore, Turns } from 'turnwire';

import { offlineUnlessSet } from './offline.mjs';

const { CHAT_FOLDER: folder = 'var', OPENAI_MODEL: model = 'gpt-4o-mini', TURNWIRE_STORE_URL: store } = process.env;

export const turns = new Turns(new OpenAI({ baseURL: await offlineUnlessSet() }), {
  model,
  store: store ? new ChatStore(store) : new SqliteStore(join(folder, 'chat.db')),
  outbox: join(folder, 'outbox.db'),
  speaker: new GoogleTranslateSpeaker('ko'),
  prompts: presets.korean(),
  turnEvents: true,
});

/** The origins of pages that may call the service. */
export const origins = process.env.ORIGINS?.match(/[^\s,]+/g) ?? [];

/** Delivers the messages that still wait. Those that it does not reach stay in the outbox's file, for the next start. */
process.once('SIGTERM', async () => {
  await turns.shutdown({ timeout: 10_000 });
  process.exit();
});

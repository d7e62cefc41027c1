/** The embedded chat service of the page: the routes of a chat service, and of a chat store over a file. */

import { join } from 'node:path';

import { chatHandler, GoogleTranslateSpeaker, nodeHandler, OpenAI, presets, SqliteStore, Turns } from 'turnwire';

import { offlineUnlessSet } from '../../node/offline.mjs';
import { storeRoutes } from './store-routes.mjs';

/** Without a login there is one user. */
const USER = '11111111-1111-4111-8111-111111111111';

/** Starts the service: a listener for `node:http`, which leaves requests for other paths to `next`. */
export async function startService() {
  const { CHAT_FOLDER: folder = 'var', OPENAI_MODEL: model = 'gpt-4o-mini', SPEECH_URL: baseURL, SPEAK: speaks } = process.env;
  const store = new SqliteStore(join(folder, 'chat.db'));
  const turns = new Turns(new OpenAI({ baseURL: await offlineUnlessSet() }), {
    model,
    store,
    outbox: join(folder, 'outbox.db'),
    speaker: new GoogleTranslateSpeaker('ko', { baseURL }),
    speechMode: speaks ? 'streaming' : 'on_demand',
    prompts: presets.korean(),
    turnEvents: true,
    usageEvents: true,
  });
  const chat = nodeHandler(chatHandler(turns, { authenticate: () => USER }));
  const stored = nodeHandler(storeRoutes(store, USER));

  /** Delivers the messages that still wait. Those that it does not reach stay in the outbox's file, for the next start. */
  process.once('SIGTERM', async () => {
    await turns.shutdown({ timeout: 10_000 });
    process.exit();
  });
  return (request, response, next) => {
    if (request.url.startsWith('/chat')) return chat(request, response);
    if (request.url.startsWith('/api/')) return stored(request, response);
    return next();
  };
}

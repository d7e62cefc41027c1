/** A chat service inside the development server, unless REACT_APP_CHAT_URL names another. */

const { join } = require('node:path');

const { chatHandler, GoogleTranslateSpeaker, nodeHandler, OpenAI, presets, SqliteStore, Turns } = require('turnwire');

async function startService() {
  const { offlineUnlessSet } = await import('../../node/offline.mjs');
  const { CHAT_FOLDER: folder = 'var', OPENAI_MODEL: model = 'gpt-4o-mini' } = process.env;
  const turns = new Turns(new OpenAI({ baseURL: await offlineUnlessSet() }), {
    model,
    store: new SqliteStore(join(folder, 'chat.db')),
    outbox: join(folder, 'outbox.db'),
    speaker: new GoogleTranslateSpeaker('ko'),
    prompts: presets.korean(),
    turnEvents: true,
  });
  // Without a login there is one user.
  return nodeHandler(chatHandler(turns, { authenticate: () => '11111111-1111-4111-8111-111111111111' }));
}

module.exports = (app) => {
  if (process.env.REACT_APP_CHAT_URL) return;
  const service = startService();
  app.use((request, response, next) => {
    if (!request.url.startsWith('/chat')) return next();
    service.then((answer) => answer(request, response), next);
  });
};

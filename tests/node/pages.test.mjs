/** Chat pages on the AI SDK against a service of Node, or one elsewhere, whose addresses are in `TURNWIRE_PAGES`. */

import http from 'node:http';
import { after } from 'node:test';

import { Fake, FakeStore, startFake, startStore } from './fake.mjs';
import { pages } from './pages.mjs';

const elsewhere = process.env.TURNWIRE_PAGES;
if (elsewhere) {
  const { service, llm, store } = JSON.parse(elsewhere);
  pages({ url: service, llm: new Fake(undefined, llm), store: new FakeStore(undefined, store) });
} else {
  pages(await serve());
}

async function serve() {
  const { chatHandler, nodeHandler, OpenAI, Turns } = await import('turnwire');
  const [llm, store] = await Promise.all([startFake(), startStore()]);
  const turns = new Turns(new OpenAI({ apiKey: 'k', baseURL: llm.baseURL, maxRetries: 0 }), {
    model: 'pages',
    store: store.url,
    naming: 'first_words',
    sentiment: () => 'calm',
    speaker: ({ text }) => Buffer.from(text),
    speechMode: 'streaming',
    keepAlive: 50,
    turnEvents: true,
    usageEvents: true,
    sentimentEvents: true,
  });
  const server = http.createServer(nodeHandler(chatHandler(turns, { authenticate: (request) => request.headers.get('x-user') })));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(async () => {
    server.closeAllConnections();
    server.close();
    await turns.shutdown();
    llm.close();
    store.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, llm, store };
}

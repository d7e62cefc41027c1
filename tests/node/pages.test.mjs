/** Chat pages on the AI SDK 5, 6 and 7 against a service of Node: `tests/pages`. */

import http from 'node:http';
import { after } from 'node:test';

import { chatHandler, nodeHandler, OpenAI, Turns } from 'turnwire';

import { pages } from '../pages/pages.mjs';
import { startFake, startStore } from './fake.mjs';

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
  // The pages expect the label: also from a busy machine.
  sentimentBudget: 30_000,
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
pages({ url: `http://127.0.0.1:${server.address().port}`, llm, store });

/** A streamed chat endpoint: `curl -N localhost:3000/chat/stream --json '{"message":"안녕하세요"}'`. */

import http from 'node:http';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

import { OpenAI } from 'turnwire';

import { isConfigured, startOffline } from './offline.mjs';
import { visible } from './terminal.mjs';

const offline = isConfigured() ? undefined : await startOffline();
if (offline) console.error('offline: a small service in this program answers; for a real model set OPENAI_API_KEY or OPENAI_BASE_URL');
const client = new OpenAI({ baseURL: offline });
const model = process.env.MODEL ?? 'gpt-4o-mini';
const port = Number(process.env.PORT ?? 3000);

const server = http.createServer(async (request, response) => {
  const reader = new AbortController();
  response.once('close', () => reader.abort()); // the reader has gone: stop the model
  try {
    const { message } = /** @type {any} */ (await json(request));
    const asked = { model, messages: [{ role: /** @type {const} */ ('user'), content: message }] };
    const stream = await client.chat.completions.create({ ...asked, stream: true }, { signal: reader.signal });
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    const events = async function* () {
      for await (const chunk of stream) yield `data: ${JSON.stringify(chunk.choices[0]?.delta ?? {})}\n\n`;
    };
    await pipeline(events, response);
  } catch (error) {
    if (!reader.signal.aborted) console.error(visible(String(error)));
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  }
});
server.listen(port, () => console.log(`http://localhost:${port}/chat/stream`));

/** A service of the chat completions' wire inside this process: it is no model, and says so. */

import http from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

/** Returns true if the environment names a service; a blank value does not. */
export function isConfigured() {
  return ['OPENAI_API_KEY', 'OPENAI_BASE_URL'].some((name) => process.env[name]?.trim());
}

/** Starts the service if the environment names none, says so, and gives its base URL. */
export async function offlineUnlessSet() {
  if (isConfigured()) return undefined;
  console.error('offline: a small service in this program answers; for a real model set OPENAI_API_KEY or OPENAI_BASE_URL');
  return startOffline();
}

/** Starts the service, and gives its base URL. It keeps no process alive. */
export async function startOffline() {
  const server = http.createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  });
  // Idle connections are kept for the next call, and would keep the process alive.
  server.on('connection', (socket) => socket.unref());
  server.listen(0, '127.0.0.1').unref();
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}/v1`;
}

async function answer(request, response) {
  const { model, messages, stream } = /** @type {any} */ (await json(request));
  const said = messages.at(-1)?.content ?? '';
  // Asked for the name of a conversation, it takes the message.
  const isNaming = messages[0]?.content?.includes('워크스페이스 이름');
  const content = isNaming ? said.slice(0, 30) : `저는 모델이 아니라 예제 안의 작은 서비스입니다. 하신 말씀은 "${said}"였습니다.`;
  const head = { id: 'chatcmpl-offline', created: Math.floor(Date.now() / 1000), model };
  if (!stream) {
    const choice = { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ...head, object: 'chat.completion', choices: [choice] }));
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  const send = (delta, /** @type {string | null} */ finish_reason = null) => {
    const chunk = { ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  send({ role: 'assistant', content: '' });
  for (const piece of content.match(/.{1,3}/gsu) ?? []) {
    if (response.closed) return;
    send({ content: piece });
    await wait(15, undefined, { ref: false });
  }
  send({}, 'stop');
  response.end('data: [DONE]\n\n');
}

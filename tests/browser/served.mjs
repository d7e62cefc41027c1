/** A client of a chat service whose answers a test gives, without a network. */

import assert from 'node:assert/strict';
import { inspect } from 'node:util';

import { ChatService, TurnwireError } from 'turnwire/browser';

export const DONE = 'data: {"type": "content", "content": "안녕"}\n\ndata: {"type": "done"}\n\n';
export const EVENTS = [{ type: 'content', content: '안녕' }, { type: 'done' }];
export const answer = (body, init) => new Response(body, init);
export const json = (value, status = 200, headers) => new Response(JSON.stringify(value), { status, headers });

/** A service whose answers come from a function of the path and the request. */
export function serviceOf(reply, options) {
  const requests = [];
  const service = new ChatService({
    baseURL: 'https://chat.example/',
    fetch: async (url, init) => {
      const path = url.replace('https://chat.example', '');
      requests.push({ path, ...init, headers: Object.fromEntries(init.headers), body: JSON.parse(init.body) });
      return reply(path, requests.at(-1));
    },
    ...options,
  });
  return { service, requests };
}

export async function read(stream) {
  const events = [];
  for await (const event of await stream) events.push(event);
  return events;
}

/** The error of a turn or a call. */
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof TurnwireError, inspect(error));
    return error;
  }
  assert.fail('it succeeds');
}

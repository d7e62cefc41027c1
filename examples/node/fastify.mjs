/** The chat service of server.mjs on Fastify. */

import fastify from 'fastify';
import { chatHandler, nodeHandler } from 'turnwire';

import { authenticate, host } from './login.mjs';
import { origins, turns } from './service.mjs';

const handle = nodeHandler(chatHandler(turns, { authenticate, origins }));

const app = fastify();
app.register(async (chat) => {
  // The handler reads the body itself, and answers to one that is no JSON.
  chat.removeAllContentTypeParsers();
  chat.addContentTypeParser('*', (_request, _body, done) => done(null));
  chat.all('/chat*', (request, reply) => {
    reply.hijack();
    return handle(request.raw, reply.raw);
  });
});
console.log(await app.listen({ host, port: Number(process.env.PORT ?? 3000) }));

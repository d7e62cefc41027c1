/** The chat service of server.mjs on Hono. */

import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { chatHandler } from 'turnwire';

import { authenticate, host } from './login.mjs';
import { origins, turns } from './service.mjs';

const handler = chatHandler(turns, { authenticate, origins });

const app = new Hono();
app.all('/chat/*', ({ req }) => handler(req.raw));
const port = Number(process.env.PORT ?? 3000);
serve({ fetch: app.fetch, hostname: host, port }, () => console.log(`http://localhost:${port}`));

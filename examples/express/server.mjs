/**
 * A chat service in an Express application: ready-made routes, and one written by hand.
 *
 *     node server.mjs
 *     curl -N localhost:3000/chat/stream --json '{"message": "안녕하세요", "createWorkspace": true}'
 *     curl -N localhost:3000/ask --json '{"message": "안녕하세요"}'
 */

import express from 'express';
import { chatHandler, nodeHandler } from 'turnwire';

import { authenticate, host } from '../node/login.mjs';
import { origins, turns } from '../node/service.mjs';

const app = express();

app.all('/chat{/*route}', nodeHandler(chatHandler(turns, { authenticate, origins })));

app.post('/ask', express.json(), async (request, response) => {
  const userId = '11111111-1111-4111-8111-111111111111'; // of your login
  const turn = turns.start({ message: request.body.message, createWorkspace: true, userId });
  await turn.pipe(response); // until all is sent, or the reader has left
});

const port = Number(process.env.PORT ?? 3000);
app.listen(port, host, () => console.log(`http://localhost:${port}`));

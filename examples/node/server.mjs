/**
 * A chat service on node:http alone.
 *
 *     node server.mjs
 *     curl -N localhost:3000/chat/stream --json '{"message": "안녕하세요", "createWorkspace": true}'
 */

import http from 'node:http';

import { chatHandler, nodeHandler } from 'turnwire';

import { authenticate, host } from './login.mjs';
import { origins, turns } from './service.mjs';

const port = Number(process.env.PORT ?? 3000);
const server = http.createServer(nodeHandler(chatHandler(turns, { authenticate, origins })));
server.listen(port, host, () => console.log(`http://localhost:${port}/chat/stream`));

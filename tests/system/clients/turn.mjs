/** A turn by the Node client of chat services: its events as lines of JSON. `turn.mjs URL REQUEST` */

import { ChatService } from '../../../bindings-node/dist/index.mjs';

const [url, request] = process.argv.slice(2);
for await (const event of await new ChatService(url).stream(JSON.parse(request))) console.log(JSON.stringify(event));

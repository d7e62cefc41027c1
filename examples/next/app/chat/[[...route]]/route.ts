/** The routes of the chat service: /chat/ui for the page, and those for other clients. */

import { after } from 'next/server';
import { chatHandler } from 'turnwire';

import { authenticate } from '../../../../node/login.mjs';
import { turns } from '../../../service';

const handler = chatHandler(turns, { authenticate });

function route(request: Request): Promise<Response> {
  // On hosts that freeze the program after a response: until the messages are saved.
  after(() => turns.flush());
  return handler(request);
}

export { route as GET, route as OPTIONS, route as POST };

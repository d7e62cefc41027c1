/** The routes of the chat service: /chat/ui for the page, and those for other clients. */

import { chatHandler } from 'turnwire';

import { authenticate } from '../../../../node/login.mjs';
import { turns } from '../../../service';

const handler = chatHandler(turns, { authenticate });

export { handler as GET, handler as OPTIONS, handler as POST };

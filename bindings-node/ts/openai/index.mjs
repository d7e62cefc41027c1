/** `import` from 'turnwire/openai': everything of the `openai` package, with a client whose calls of chat and speech go through turnwire. */

import * as openai from 'openai';
import { Stream } from 'openai/core/streaming';

import { extended } from './extend.js';

export * from 'openai';
export { TruncatedStreamError, TurnwireError } from '../index.mjs';
export const OpenAI = extended(openai, Stream);
export default OpenAI;

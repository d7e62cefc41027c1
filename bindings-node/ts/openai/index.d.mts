/** Everything of the `openai` package, with a client whose calls of chat and speech go through turnwire. */

import type { Limits } from '../index.mjs';

export * from 'openai';
export { OpenAI, OpenAI as default } from 'openai';
export { TruncatedStreamError, TurnwireError } from '../index.mjs';

declare module 'openai/client' {
  interface ClientOptions {
    /** The largest sizes that the service may send in reply to a call that goes through turnwire. */
    limits?: Limits | undefined;
  }
}

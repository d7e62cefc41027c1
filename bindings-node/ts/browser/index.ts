/** `turnwire/browser`: the client of a chat service for pages, over `fetch`. */

export { TurnwireError, type ErrorCode, type ErrorFacts } from '../turnwire-error.js';
export { ChatService } from './service.js';
export { TurnStream } from './turn-stream.js';
export type * from './types.js';

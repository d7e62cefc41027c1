/** `turnwire/react`: chat in React. */

export { TurnwireError } from '../browser/index.js';
export type * from '../browser/index.js';

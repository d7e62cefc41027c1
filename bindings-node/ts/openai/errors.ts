/** Errors that are instances of both trees. */

import * as turnwire from '../index.js';
import type { Raise } from '../opened.js';
import type { Peer } from './peer.js';

/** The names of the error classes of turnwire that the `openai` package has a base for, by their prototypes. */
const names = new Map<object, string>(
  Object.entries(turnwire).flatMap(([name, of]) => {
    const isError = typeof of === 'function' && (of.prototype as unknown) instanceof turnwire.OpenAIError;
    return isError || of === turnwire.OpenAIError ? [[of.prototype as object, name]] : [];
  }),
);

/**
 * A function that makes an error of turnwire an instance of the class of the same name in the `openai` package, or of that of
 * its nearest base there. It is the same object, and of its class in turnwire as before: `instanceof` looks for a mark there.
 */
export function bothTrees(peer: Peer): Raise {
  const made = new Map<object, object>();
  /** A prototype with everything of turnwire's, beneath the one of the peer. */
  const prototypeOf = (own: object): object => {
    const known = made.get(own);
    if (known) return known;
    const of = peer[names.get(own) as string] as { prototype: object } | undefined;
    const prototype = Object.create(of?.prototype ?? prototypeOf(Object.getPrototypeOf(own)));
    for (let from = own; names.has(from) || from === turnwire.TurnwireError.prototype; from = Object.getPrototypeOf(from)) {
      for (const key of Reflect.ownKeys(from)) {
        if (key === 'constructor' && of) continue; // the peer's: libraries compare its name
        if (!Object.hasOwn(prototype, key)) Object.defineProperty(prototype, key, Object.getOwnPropertyDescriptor(from, key)!);
      }
    }
    made.set(own, prototype);
    return prototype;
  };
  return (error) => {
    const own = Object.getPrototypeOf(Object(error)) as object;
    return names.has(own) ? Object.setPrototypeOf(error, prototypeOf(own)) : error;
  };
}

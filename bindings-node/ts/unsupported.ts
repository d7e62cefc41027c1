/** Parts of the `openai` package that turnwire does not have: calling one throws a sentence, reading it does not. */

import { InvalidRequestError } from './errors.js';

const CHAT = 'client.chat.completions is';
const BESIDE = "the client of 'turnwire/openai' has it, from the openai package beside";

/** The parts of a client that turnwire does not have, each with its replacement. */
export const UNSUPPORTED_OF_CLIENT: Record<string, string> = {
  admin: BESIDE,
  batches: BESIDE,
  beta: `${CHAT}, with parse and stream`,
  completions: CHAT,
  containers: BESIDE,
  contentProvenanceChecks: BESIDE,
  conversations: `${CHAT}; keep the messages and send them with each call`,
  decisions: BESIDE,
  embeddings: BESIDE,
  evals: BESIDE,
  files: BESIDE,
  fineTuning: BESIDE,
  graders: BESIDE,
  images: BESIDE,
  live: BESIDE,
  moderations: BESIDE,
  realtime: BESIDE,
  responses: CHAT,
  safety: BESIDE,
  skills: BESIDE,
  uploads: BESIDE,
  vectorStores: BESIDE,
  videos: BESIDE,
  webhooks: BESIDE,
  get: BESIDE,
  post: BESIDE,
  put: BESIDE,
  patch: BESIDE,
  delete: BESIDE,
  request: BESIDE,
};

/** The methods of `client.chat.completions` that turnwire does not have. */
export const UNSUPPORTED_OF_COMPLETIONS: Record<string, string> = {
  runTools: BESIDE,
  retrieve: BESIDE,
  update: BESIDE,
  list: BESIDE,
  delete: BESIDE,
  messages: BESIDE,
};

/** The parts of `client.audio` that turnwire does not have. */
export const UNSUPPORTED_OF_AUDIO: Record<string, string> = {
  transcriptions: BESIDE,
  translations: BESIDE,
  voices: BESIDE,
  voiceConsents: BESIDE,
};

/** The methods of `client.models` that turnwire does not have. */
export const UNSUPPORTED_OF_MODELS: Record<string, string> = {
  retrieve: 'client.models.list() is, with the same fields of each model',
  delete: BESIDE,
};

/** Defines these names on a class, as properties that are not enumerable: listing or copying its fields skips them. */
export function markUnsupported(of: { prototype: object }, path: string, names: Record<string, string>): void {
  for (const [name, instead] of Object.entries(names)) {
    // Made when it is read: most programs read none, and all would wait for them.
    let value: unknown;
    const get = () => (value ??= unsupported(`${path}.${name}`, instead));
    Object.defineProperty(of.prototype, name, { get, set: replace(name), enumerable: false, configurable: true });
  }
}

/** A value that can be read at any depth, and throws a sentence when it is called. */
export function unsupported(name: string, instead: string): any {
  const fail = function (): never {
    throw new InvalidRequestError(`${name} is not a part of turnwire: ${instead}`);
  };
  return new Proxy(fail, {
    construct: fail,
    get: (target, key) => {
      // Properties that every function has, and those that `await` and JSON look for.
      if (typeof key === 'symbol' || key in target || key === 'then' || key === 'toJSON') return Reflect.get(target, key);
      return unsupported(`${name}.${key}`, instead);
    },
  });
}

/** Lets a program replace the property, with a test's double for example. */
function replace(name: string) {
  return function (this: object, value: unknown) {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  };
}

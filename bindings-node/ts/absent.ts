/** What the `openai` package has and this one has not: using it fails with a sentence, looking at it does not. */

import { OpenAIError } from './errors.js';

const CHAT = 'client.chat.completions is';
const BESIDE = 'use the openai package for it, beside this one';

/** The parts of a client that are not here, with what there is instead. */
export const ABSENT_OF_CLIENT: Record<string, string> = {
  admin: BESIDE,
  audio: BESIDE,
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

/** The methods of `client.chat.completions` that are not here. */
export const ABSENT_OF_COMPLETIONS: Record<string, string> = {
  runTools: 'call the tools that stream() or parse() tells of, and send their results with the next call',
  retrieve: BESIDE,
  update: BESIDE,
  list: BESIDE,
  delete: BESIDE,
  messages: BESIDE,
};

/** The methods of `client.models` that are not here. */
export const ABSENT_OF_MODELS: Record<string, string> = {
  retrieve: 'client.models.list() is, and tells the same of each',
  delete: BESIDE,
};

/** Puts what is absent on a class, where it is found by those who use it and by nobody who lists or copies its fields. */
export function lacks(of: { prototype: object }, path: string, absences: Record<string, string>): void {
  for (const [name, instead] of Object.entries(absences)) {
    const value = absent(`${path}.${name}`, instead);
    Object.defineProperty(of.prototype, name, { get: () => value, set: replace(name), enumerable: false, configurable: true });
  }
}

/** Something that can be looked at, at any depth, and fails with a sentence when it is called. */
export function absent(name: string, instead: string): any {
  const fail = function (): never {
    throw new OpenAIError(`${name} is not a part of turnwire: ${instead}`);
  };
  return new Proxy(fail, {
    construct: fail,
    get: (target, key) => {
      // Properties that every function has, and those that would make a promise or JSON of it.
      if (typeof key === 'symbol' || key in target || key === 'then' || key === 'toJSON') return Reflect.get(target, key);
      return absent(`${name}.${key}`, instead);
    },
  });
}

/** A program may put what is absent in its place, as a test's double. */
function replace(name: string) {
  return function (this: object, value: unknown) {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  };
}

/** `require('turnwire/openai')`: everything of the `openai` package, with a client whose calls of chat and speech go through turnwire. */

'use strict';

const openai = require('openai');
const { Stream } = require('openai/core/streaming');

const { TruncatedStreamError, TurnwireError } = require('../index.js');
const { extended } = require('./extend.js');

const OpenAI = extended(openai, Stream);

Object.defineProperty(exports, '__esModule', { value: true });
exports.default = OpenAI;
exports.OpenAI = OpenAI;
exports.TruncatedStreamError = TruncatedStreamError;
exports.TurnwireError = TurnwireError;
for (const name of Object.keys(openai).filter((name) => !Object.hasOwn(exports, name))) {
  Object.defineProperty(exports, name, { get: () => openai[name], enumerable: true, configurable: true });
}
module.exports = callable(exports);

/** As in the `openai` package, the module itself is the class, callable with and without `new`. */
function callable(all) {
  const module = function (...options) {
    return Reflect.construct(OpenAI, options, new.target ?? OpenAI);
  };
  Object.setPrototypeOf(module, OpenAI);
  module.prototype = OpenAI.prototype;
  return Object.defineProperties(module, Object.getOwnPropertyDescriptors(all));
}

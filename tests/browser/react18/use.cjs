/** With `node --require ./react18/use.cjs`, every package finds React 18. */

const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = (request, parent, ...rest) => resolve(request, /^react(-dom)?(\/|$)/.test(request) ? module : parent, ...rest);

/** `turnwire/react` on the React that a test asks for: 18 or 19. One for each process. */

import Module, { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const resolve = Module._resolveFilename;
const isReact = /^(react|react-dom|scheduler|@testing-library\/react)(\/|$)/;

/** A `require` with which every package finds React of this version: `turnwire` is a link to a folder in which there is none. */
export function requireWith(version) {
  const file = fileURLToPath(new URL(version === 18 ? 'react18/package.json' : 'package.json', import.meta.url));
  const parent = Object.assign(new Module(file), { filename: file, paths: Module._nodeModulePaths(dirname(file)) });
  Module._resolveFilename = (request, by, ...rest) => resolve(request, isReact.test(request) ? parent : by, ...rest);
  return createRequire(import.meta.url);
}

/** The package's two entries, on React of this version. */
export function turnwireWith(version) {
  const require = requireWith(version);
  return { ...require('turnwire/browser'), ...require('turnwire/react') };
}

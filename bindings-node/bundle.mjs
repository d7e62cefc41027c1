/**
 * Makes `dist`: types by tsc, and all of the code in one file, since a file costs more to find and open than to run.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { build } from 'esbuild';

const here = (path) => new URL(path, import.meta.url);

rmSync(here('dist'), { recursive: true, force: true });
for (const project of ['tsconfig.json', 'ts/browser/tsconfig.json', 'ts/react/tsconfig.json']) {
  execFileSync('npx', ['tsc', '-p', project], { cwd: import.meta.dirname, stdio: 'inherit', shell: true });
}

const entry = {
  absWorkingDir: import.meta.dirname,
  entryPoints: ['ts/index.ts'],
  bundle: true,
  platform: 'node',
  target: 'node20',
  outfile: 'dist/index.js',
  external: ['turnwire-*'],
  define: { VERSION: JSON.stringify(JSON.parse(readFileSync(here('package.json'), 'utf8')).version) },
};
await build({ ...entry, format: 'cjs', footer: { js: callable() } });

// The command `turnwire`.
await build({ ...entry, entryPoints: ['ts/command.ts'], format: 'cjs', outfile: 'dist/command.js', banner: { js: '#!/usr/bin/env node' } });

// One copy of everything, whichever way it is loaded.
const { metafile } = await build({ ...entry, format: 'esm', metafile: true, write: false });
const names = metafile.outputs['dist/index.js'].exports.filter((name) => name !== 'default');
const reexports = `
export default turnwire.OpenAI;
export const {
${names.map((name) => `  ${name},\n`).join('')}} = turnwire;
`;
// Node would look for the names in a CommonJS file that is imported by reading it, which takes longer than all the rest.
writeFileSync(
  here('dist/index.mjs'),
  `import { createRequire } from 'node:module';

const turnwire = createRequire(import.meta.url)('./index.js');
${reexports}`,
);
// Bundlers must see the import, and disagree with each other on what the default of a CommonJS file is.
writeFileSync(
  here('dist/bundled.mjs'),
  `import * as loaded from './index.js';

const turnwire = 'Stream' in loaded ? loaded : loaded.default;
${reexports}`,
);

// In CommonJS, from which bundlers take any name: an import would fail for its names, and not with this sentence.
writeFileSync(
  here('dist/edge.js'),
  `throw new Error('turnwire has a native part, which edge runtimes cannot load: run it on Node.js (in Next.js, without runtime = "edge")');
`,
);

// Beside the `openai` package. Its parts share the classes of the one file.
await build({ ...entry, entryPoints: ['ts/openai/extend.ts'], format: 'cjs', external: ['../index.js'], outfile: 'dist/openai/extend.js' });
for (const name of ['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts']) copyFileSync(here(`ts/openai/${name}`), here(`dist/openai/${name}`));

// For pages: real ESM, which bundlers can shake, and CommonJS for Jest 27. The code of the browser is one file for both entries.
for (const [format, ending] of [['cjs', 'js'], ['esm', 'mjs']]) {
  const page = { absWorkingDir: import.meta.dirname, bundle: true, platform: 'neutral', target: 'es2020', format };
  await build({ ...page, entryPoints: ['ts/browser/index.ts'], mangleProps: /^_/, outfile: `dist/browser/index.${ending}` });
  const shared = {
    name: 'shared',
    setup: ({ onResolve }) => onResolve({ filter: /\/browser\/index\.js$/ }, () => ({ path: `../browser/index.${ending}`, external: true })),
  };
  await build({ ...page, entryPoints: ['ts/react/index.ts'], external: ['react'], mangleProps: /^_/, plugins: [shared], banner: { js: "'use client';" }, outfile: `dist/react/index.${ending}` });
}
for (const name of ['browser', 'react']) writeFileSync(here(`dist/${name}/index.d.mts`), "export * from './index.js';\n");

// Fakes for tests, which nothing of the rest loads.
await build({ ...entry, entryPoints: ['ts/testing.ts'], format: 'cjs', outfile: 'dist/testing.js' });
writeFileSync(
  here('dist/testing.mjs'),
  `import { createRequire } from 'node:module';

export const { FakeLlm, FakeStore } = createRequire(import.meta.url)('./testing.js');
`,
);

/** The result of `require` is the class, callable with and without `new`, with everything else as its fields. */
function callable() {
  return `module.exports = ((all) => {
  const made = all.OpenAI;
  function OpenAI(...options) {
    return Reflect.construct(made, options, new.target ?? OpenAI);
  }
  const itself = { value: OpenAI, enumerable: true };
  const statics = { DEFAULT_TIMEOUT: { value: made.DEFAULT_TIMEOUT } };
  Object.defineProperty(made.prototype, 'constructor', { value: OpenAI });
  OpenAI.prototype = made.prototype;
  const exported = Object.getOwnPropertyDescriptors(all);
  return Object.defineProperties(OpenAI, { ...statics, ...exported, OpenAI: itself, default: itself });
})(module.exports);`;
}

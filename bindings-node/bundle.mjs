/**
 * Makes `dist`: types by tsc, and all of the code in one file, since a file costs more to find and open than to run.
 */

import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

import { build } from 'esbuild';

const here = (path) => new URL(path, import.meta.url);

rmSync(here('dist'), { recursive: true, force: true });
execFileSync('npx', ['tsc', '-p', 'tsconfig.json'], { cwd: import.meta.dirname, stdio: 'inherit', shell: true });

const entry = {
  absWorkingDir: import.meta.dirname,
  entryPoints: ['ts/index.ts'],
  bundle: true,
  platform: 'node',
  target: 'node20',
  outfile: 'dist/index.js',
};
await build({ ...entry, format: 'cjs' });

// One copy of everything, whichever way it is loaded. Node would look for the names in a CommonJS file that is
// imported by reading it, which takes longer than all the rest.
const { metafile } = await build({ ...entry, format: 'esm', metafile: true, write: false });
const names = metafile.outputs['dist/index.js'].exports.filter((name) => name !== 'default');
writeFileSync(
  here('dist/index.mjs'),
  `import { createRequire } from 'node:module';

const turnwire = createRequire(import.meta.url)('./index.js');

export default turnwire.default;
export const {
${names.map((name) => `  ${name},\n`).join('')}} = turnwire;
`,
);

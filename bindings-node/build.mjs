/** Builds the native part for this machine, with the Cargo profile of the first argument or `dist`, where `ts/native.ts` looks first. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';

const abi = { linux: process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl', win32: 'msvc' }[process.platform];
const platform = [process.platform, process.arch, abi].filter(Boolean).join('-');

const profile = process.argv[2] ?? 'dist';
const args = ['build', '--profile', profile, '--package', 'turnwire-node', '--message-format', 'json-render-diagnostics'];
// The layout of the code finds functions by these names.
if (profile === 'dist') args.unshift('--config', "build.rustflags=['-Csymbol-mangling-version=v0']");
const { status, stdout } = spawnSync('cargo', args, { cwd: import.meta.dirname, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] });
if (status !== 0) process.exit(status ?? 1);

const built = stdout
  .split('\n')
  .filter((line) => line.includes('"compiler-artifact"'))
  .map((line) => JSON.parse(line))
  .find(({ target }) => target.name === 'turnwire_node');
const library = built.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));
const binary = new URL(`turnwire.${platform}.node`, import.meta.url);
// Not over the old one: a process that has it loaded would crash.
rmSync(binary, { force: true });
copyFileSync(library, binary);

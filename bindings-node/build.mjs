/**
 * Builds the native part for this machine, and puts it where `ts/native.ts` looks first, or into the folder of `--to`. With `--nats` it
 * has the client of NATS brokers. `--profile` names another Cargo profile than those of packages.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { nats: { type: 'boolean' }, profile: { type: 'string' }, to: { type: 'string', default: import.meta.dirname } } });
const abi = { linux: process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl', win32: 'msvc' }[process.platform];
const platform = [process.platform, process.arch, abi].filter(Boolean).join('-');

const profile = values.profile ?? (values.nats ? 'dist-nats' : 'dist');
const args = ['build', '--profile', profile, '--package', 'turnwire-node', '--message-format', 'json-render-diagnostics'];
if (values.nats) args.push('--features', 'nats');
// The layout of the code finds functions by these names.
if (profile.startsWith('dist')) args.unshift('--config', "build.rustflags=['-Csymbol-mangling-version=v0']");
const { status, stdout } = spawnSync('cargo', args, { cwd: import.meta.dirname, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] });
if (status !== 0) process.exit(status ?? 1);

const built = stdout
  .split('\n')
  .filter((line) => line.includes('"compiler-artifact"'))
  .map((line) => JSON.parse(line))
  .find(({ target }) => target.name === 'turnwire_node');
const library = built.filenames.find((name) => /\.(so|dylib|dll)$/.test(name));
const binary = join(values.to, `turnwire.${platform}.node`);
mkdirSync(values.to, { recursive: true });
// Not over the old one: a process that has it loaded would crash.
rmSync(binary, { force: true });
copyFileSync(library, binary);

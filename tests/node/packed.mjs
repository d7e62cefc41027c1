/** The packages as they are published: packed, and installed in a folder of their own. */

import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** The folder of the package. */
export const own = fileURLToPath(new URL('../../bindings-node', import.meta.url));
const nats = process.env.TURNWIRE_NATS_NATIVE ?? fileURLToPath(new URL('../../target/npm-nats', import.meta.url));

/** This platform, as in the names of packages. */
export const platform = readdirSync(own).find((name) => name.endsWith('.node'))?.split('.')[1];
export const binary = `turnwire.${platform}.node`;

/** Packs both parts of the package into a folder, and gives the tarballs; the first one is that of the package itself. */
export function packed(place) {
  return packedFrom(place, own, own);
}

/** As `packed`, for the extra for NATS. */
export function packedNats(place) {
  return packedFrom(place, join(own, 'nats'), nats);
}

async function packedFrom(place, folder, built) {
  const native = mkdtempSync(join(place, 'native-'));
  cpSync(join(folder, 'npm', platform), native, { recursive: true });
  copyFileSync(join(built, binary), join(native, binary));
  const pack = async (cwd) => join(place, JSON.parse((await exec('npm', ['pack', '--json', '--pack-destination', place], { cwd })).stdout)[0].filename);
  return [await pack(folder), await pack(native)];
}

/** Installs tarballs in a folder. */
export async function install(place, tarballs) {
  writeFileSync(join(place, 'package.json'), '{"private": true}');
  await exec('npm', ['install', '--offline', '--ignore-scripts', ...tarballs], { cwd: place });
}

/** A folder with the package and its extra for NATS installed. */
export async function installedWithNats() {
  const place = mkdtempSync(join(tmpdir(), 'turnwire-nats-'));
  after(() => rmSync(place, { recursive: true, force: true }));
  await install(place, [...(await packed(place)), ...(await packedNats(place))]);
  return place;
}

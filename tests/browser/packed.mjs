/** The package as it is published. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Packs the package into a folder, and gives the tarball. */
export async function packed(folder) {
  const cwd = fileURLToPath(new URL('../../bindings-node', import.meta.url));
  const { stdout } = await promisify(execFile)('npm', ['pack', '--json', '--pack-destination', folder], { cwd });
  return join(folder, JSON.parse(stdout)[0].filename);
}

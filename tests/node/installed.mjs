/** The package as it is installed beside `openai`: through the link of a clone, Node would look for that package elsewhere. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const own = fileURLToPath(new URL('../../bindings-node', import.meta.url));

/** `turnwire/openai` beside the `openai` package in this folder: as `import` gives it, and as `require` does. */
export async function besideOpenAI(openai = join(import.meta.dirname, 'node_modules/openai')) {
  const place = mkdtempSync(join(tmpdir(), 'turnwire-beside-'));
  after(() => rmSync(place, { recursive: true }));
  const installed = join(place, 'node_modules/turnwire');
  mkdirSync(installed, { recursive: true });
  for (const name of ['dist', 'package.json']) cpSync(join(own, name), join(installed, name), { recursive: true });
  for (const name of readdirSync(own).filter((name) => name.endsWith('.node'))) symlinkSync(join(own, name), join(installed, name));
  symlinkSync(openai, join(dirname(installed), 'openai'));
  const entry = (name) => join(installed, 'dist/openai', name);
  return { imported: await import(pathToFileURL(entry('index.mjs'))), required: createRequire(entry('index.js'))(entry('index.js')), place };
}

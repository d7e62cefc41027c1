/**
 * The native binding: one file for each platform, from a build in this folder or from the platform's own
 * package.
 */

import type * as Native from '../native.js';

export type { Call, Options, Settings } from '../native.js';

const NAME = 'turnwire';

export const native: typeof Native = load();

function load(): typeof Native {
  const failures: unknown[] = [];
  for (const platform of platforms()) {
    for (const place of [`../${NAME}.${platform}.node`, `${NAME}-${platform}`]) {
      try {
        return require(place) as typeof Native;
      } catch (error) {
        failures.push(error);
      }
    }
  }
  const reasons = failures.map((failure) => `  ${String(failure).split('\n', 1)[0]}`).join('\n');
  throw new Error(
    `turnwire has no native part for ${process.platform} on ${process.arch}; if there should be one, ` +
      `install again without --omit=optional:\n${reasons}`,
  );
}

/** The names of the builds that can work here, the likeliest first. */
function platforms(): string[] {
  const { platform, arch } = process;
  switch (platform) {
    case 'linux':
      // The wrong one of the two does not load, which costs less than finding out which it is.
      return [`linux-${arch}-gnu`, `linux-${arch}-musl`];
    case 'win32':
      return [`win32-${arch}-msvc`];
    default:
      return [`${platform}-${arch}`];
  }
}

/**
 * The native binding: one file for each platform, from the extra for NATS, from a build in this folder, or from the platform's own
 * package.
 */

import type * as Native from '../native.js';
import type * as NativeNats from '../native-nats.js';
import type * as NativeSpeech from '../native-speech.js';
import type * as NativeWeb from '../native-web.js';

export type { AudioWriter, Call, Options, Question, Trace, Turn } from '../native.js';
export type { WebCall, WebReply } from '../native-web.js';

type Binding = typeof Native & typeof NativeNats & typeof NativeSpeech & typeof NativeWeb;

/** The version of the package, which its build puts in. */
declare const VERSION: string;

const failures: unknown[] = [];

export const native: Binding = extra() ?? built() ?? installed() ?? none();

/**
 * The binding with the client of NATS brokers, from a package of its own. A process loads one binding, so that it takes the place of the
 * usual one.
 */
function extra(): Binding | undefined {
  let nats: { version: string; load(): Binding };
  try {
    nats = require('turnwire-nats');
  } catch {
    // It is not installed, or was left out of a bundle.
    return undefined;
  }
  if (nats.version !== VERSION) {
    throw new Error(`turnwire ${VERSION} cannot use turnwire-nats ${nats.version}, which has another version: npm install turnwire-nats@${VERSION}, or uninstall turnwire-nats`);
  }
  return nats.load();
}

/** The build of a clone. Bundlers must not look for it, so they do not see its name. */
function built(): Binding | undefined {
  const { platform, arch } = process;
  const abis = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }[platform as string] ?? [''];
  for (const abi of abis) {
    const place = `../turnwire.${platform}-${arch}${abi}.node`;
    try {
      return require(place);
    } catch (error) {
      failures.push(error);
    }
  }
  return undefined;
}

/**
 * The platform's package. Every name is written out, and tried by itself, so that a bundler finds the one that is
 * installed and takes it along, or says that it cannot. Of the two for Linux the wrong one does not load.
 */
function installed(): Binding | undefined {
  const system = `${process.platform}-${process.arch}`;
  try {
    if (system === 'linux-x64') return require('turnwire-linux-x64-gnu');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'linux-x64') return require('turnwire-linux-x64-musl');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'linux-arm64') return require('turnwire-linux-arm64-gnu');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'linux-arm64') return require('turnwire-linux-arm64-musl');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'darwin-x64') return require('turnwire-darwin-x64');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'darwin-arm64') return require('turnwire-darwin-arm64');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'win32-x64') return require('turnwire-win32-x64-msvc');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'win32-arm64') return require('turnwire-win32-arm64-msvc');
  } catch (error) {
    failures.push(error);
  }
  return undefined;
}

function none(): never {
  const reasons = failures.map((failure) => `  ${String(failure).split('\n', 1)[0]}`).join('\n');
  throw new Error(
    `turnwire has no native part for ${process.platform} on ${process.arch}; if there should be one, ` +
      `install again without --omit=optional, and of a bundle leave turnwire out (mark it as external):\n${reasons}`,
  );
}

/**
 * The native part of turnwire with its client of NATS brokers: one file for each platform, from the platform's own package. `turnwire`
 * loads it in place of the usual one, if the versions are the same.
 */

'use strict';

exports.version = require('./package.json').version;

/** Loads the part for this platform. Bundlers see the names, each by itself; of the two for Linux the wrong one does not load. */
exports.load = () => {
  const system = `${process.platform}-${process.arch}`;
  const failures = [];
  try {
    if (system === 'linux-x64') return require('turnwire-nats-linux-x64-gnu');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'linux-x64') return require('turnwire-nats-linux-x64-musl');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'linux-arm64') return require('turnwire-nats-linux-arm64-gnu');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'linux-arm64') return require('turnwire-nats-linux-arm64-musl');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'darwin-x64') return require('turnwire-nats-darwin-x64');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'darwin-arm64') return require('turnwire-nats-darwin-arm64');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'win32-x64') return require('turnwire-nats-win32-x64-msvc');
  } catch (error) {
    failures.push(error);
  }
  try {
    if (system === 'win32-arm64') return require('turnwire-nats-win32-arm64-msvc');
  } catch (error) {
    failures.push(error);
  }
  const reasons = failures.map((failure) => `  ${String(failure).split('\n', 1)[0]}`).join('\n');
  throw new Error(`turnwire-nats has no native part for ${process.platform} on ${process.arch}; if there should be one, install again without --omit=optional:\n${reasons}`);
};

/** A look into the outboxes of a system's chat services and the stream of its broker, by the command of the package. */

import { execFileSync } from 'node:child_process';

import { python, WITH_NATS } from './system.mjs';
import { until } from './until.mjs';

/** The objects that the command prints of the files and the stream, if the system has a broker. */
export function ofOutboxes(system, ...command) {
  return ask(system, [...files(system), ...(system.brokerUrl ? ['--nats', system.brokerUrl] : [])], command);
}

/** The same of the files alone. */
export function ofFiles(system, ...command) {
  return ask(system, files(system), command);
}

const files = ({ outboxes }) => outboxes.flatMap((file) => ['--file', file]);

function ask({ brokerUrl }, places, command) {
  const env = { ...process.env, ...(brokerUrl && WITH_NATS) };
  const output = execFileSync(python, ['-m', 'turnwire.outbox', ...command, '--json', ...places], { encoding: 'utf8', env, timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] });
  return output.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

/** The number of records that wait in some places, of which `ofOutboxes` or `ofFiles` gave the status. */
export const waiting = (places) => places.reduce((sum, { pending }) => sum + pending, 0);

/**
 * Waits until a function gives something for the status of all places, at most `ms`. Where it cannot be read, as a broker may be slow to
 * answer, it is read again.
 */
export async function untilStatus(system, isSo, ms) {
  let last;
  const look = () => {
    try {
      const status = ofOutboxes(system, 'status');
      last = JSON.stringify(status);
      return isSo(status);
    } catch (error) {
      last = String(error.stderr || error.message).trim();
      return false;
    }
  };
  return until(look, () => last, ms);
}

/** Sends all dead letters again, once nothing else waits, at most `ms` from now; gives their number. */
export async function sentAgain(system, ms) {
  await untilStatus(system, (status) => waiting(status) === 0, ms);
  const letters = ofOutboxes(system, 'dead');
  for (const { id } of letters) ofOutboxes(system, 'requeue', id);
  return letters.length;
}

/** Waits until nothing is left in any place, at most `ms`; gives what they still hold, or why that is not known, in words. */
export async function leftover(system, ms) {
  const isEmpty = (status) => status.every(({ pending, dead }) => pending === 0 && dead === 0);
  try {
    await untilStatus(system, isEmpty, ms);
    return null;
  } catch (error) {
    return `the outboxes: ${error.message}`;
  }
}

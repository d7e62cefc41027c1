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
  const output = execFileSync(python, ['-m', 'turnwire.outbox', ...command, '--json', ...places], { encoding: 'utf8', env });
  return output.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

/** The number of records that wait in some places, of which `ofOutboxes` or `ofFiles` gave the status. */
export const waiting = (places) => places.reduce((sum, { pending }) => sum + pending, 0);

/** Sends all dead letters again, once nothing else waits, at most `ms` from now; gives their number. */
export async function sentAgain(system, ms) {
  const status = () => ofOutboxes(system, 'status');
  await until(() => waiting(status()) === 0, () => JSON.stringify(status()), ms);
  const letters = ofOutboxes(system, 'dead');
  for (const { id } of letters) ofOutboxes(system, 'requeue', id);
  return letters.length;
}

/** Waits until nothing is left in any place, at most `ms`; gives what they still hold, in words. */
export async function leftover(system, ms) {
  const status = () => ofOutboxes(system, 'status');
  const isEmpty = () => status().every(({ pending, dead }) => pending === 0 && dead === 0);
  try {
    await until(isEmpty, undefined, ms);
    return null;
  } catch {
    return `the outboxes: ${JSON.stringify(status())}`;
  }
}

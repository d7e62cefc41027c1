/** The command `turnwire`. */

import { native } from './native.js';

const [command, ...rest] = process.argv.slice(2);
if (command === 'outbox') {
  process.exitCode = native.outboxCommand(rest);
} else {
  console.error('usage: turnwire outbox <command> [options]; turnwire outbox --help shows more');
  process.exitCode = 2;
}

/** Hands what core logs to a logger of the program's, when calls end: never on the way of a chunk. */

import { clearInterval, setInterval, setTimeout } from 'node:timers';

import { fromEnv } from './env.js';
import { native } from './native.js';

const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevel = 'off' | (typeof LEVELS)[number];

/** A destination of the log: the console is one. */
export type Logger = Record<(typeof LEVELS)[number], (message: string, ...rest: unknown[]) => void>;

/** The settings of the log. */
export interface LogOptions {
  /** The destination of the log; default the console. */
  logger?: Logger | null | undefined;
  /** The lowest level that is logged; default `OPENAI_LOG` of the environment, else nothing without a `logger`. */
  logLevel?: LogLevel | undefined;
}

interface Entry {
  level: string;
  target: string;
  message: string;
}

/**
 * Gives what hands over the log, or nothing where no log is wanted. The log is the process's: of several
 * clients with loggers, the one whose call ends first gets what there is.
 */
export function logging(options: LogOptions): (() => void) | undefined {
  const level = levelOf(options);
  if (level === undefined) return undefined;
  const logger = options.logger ?? (console as Logger);
  native.keepLogs(level);
  const wanted = LEVELS.slice(0, LEVELS.indexOf(level) + 1);
  const flush = () => {
    for (const entry of JSON.parse(native.takeLogs() ?? '[]') as Entry[]) {
      const method = wanted.find((each) => each === entry.level);
      if (method) logger[method](`${entry.target}: ${entry.message}`);
    }
  };
  return () => {
    flush();
    // A call's own span is closed by another thread, some moments after its end.
    setTimeout(flush, 20).unref();
  };
}

/** The interval of looking for what the background has logged, in milliseconds. */
const LOOK = 500;

/** Hands over the log also while no call ends, as long as `owner` lives: its work goes on in the background. */
export function logBackground(options: LogOptions, owner: object): void {
  const log = logging(options);
  if (!log) return;
  const living = new WeakRef(owner);
  const timer = setInterval(() => {
    log();
    if (!living.deref()) clearInterval(timer);
  }, LOOK).unref();
}

function levelOf({ logger, logLevel }: LogOptions): (typeof LEVELS)[number] | undefined {
  const known = ['off', ...LEVELS];
  // A word that nobody knows is as good as none.
  const asked = [logLevel, fromEnv('OPENAI_LOG')].find((level) => level !== undefined && known.includes(level));
  return LEVELS.find((level) => level === (asked ?? (logger ? 'warn' : 'off')));
}

/** The kinds of error that the `openai` package has no class for. */

import { TurnwireError } from './turnwire-error.js';

/** The outbox holds as much as its limits allow. */
export class OutboxFullError extends TurnwireError {}

/** The outbox's file cannot be made, opened, read or written. */
export class StorageError extends TurnwireError {}

/** A file cannot be written. */
export class FileError extends TurnwireError {}

/** A function that the program gave, such as a sentiment, raised an exception or never answered. */
export class CallbackError extends TurnwireError {}

branded({ CallbackError, OutboxFullError, StorageError, FileError });

/** Marks these classes, under their names, so that `instanceof` holds between two copies of this package. */
export function branded(classes: Record<string, { prototype: object }>): void {
  for (const [name, { prototype }] of Object.entries(classes)) Object.assign(prototype, { [Symbol.for(`turnwire.${name}`)]: true });
}

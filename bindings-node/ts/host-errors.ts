/** The kinds of error that the `openai` package has no class for. */

import { mark, TurnwireError } from './turnwire-error.js';

/** The outbox holds as much as its limits allow. */
export class OutboxFullError extends TurnwireError {}

/** The outbox's file cannot be made, opened, read or written. */
export class StorageError extends TurnwireError {}

/** A file cannot be written. */
export class FileError extends TurnwireError {}

/** A function that the program gave, such as a sentiment, raised an exception or never answered. */
export class CallbackError extends TurnwireError {}

branded({ CallbackError, OutboxFullError, StorageError, FileError });

/** Marks these classes, under their names. */
export function branded(classes: Record<string, { prototype: object }>): void {
  for (const [name, marked] of Object.entries(classes)) mark(marked, name);
}

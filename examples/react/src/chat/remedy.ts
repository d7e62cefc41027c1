/** The advice for an error, in plain words. */

import type { Message } from 'turnwire/react';

import type { Words } from '../words';

export function remedy(error: Message['error'], words: Words): string {
  if (error?.status === 401 || error?.errorCode === 'authentication') return words.signIn;
  if (error?.status === 429) return words.busy;
  if (error?.network || !navigator.onLine) return words.network;
  return words.other;
}

/** The network of a page: its errors, and its return. */

import type { TurnwireError } from '../browser/index.js';

/** True for an error of the connection. */
export function isDisconnect({ network, code }: TurnwireError): boolean {
  return network || code === 'truncated';
}

/** The events that tell that the network, or the page, is back. */
export function returns(): [EventTarget, string][] {
  if (typeof window === 'undefined') return [];
  return [
    [window, 'online'],
    [window, 'pageshow'],
    [document, 'visibilitychange'],
  ];
}

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

/** Nobody sees the page, and its timers are slow. */
export function isHidden(): boolean {
  return typeof document !== 'undefined' && document.visibilityState === 'hidden';
}

/** Waits for the length of a frame. */
export function frame(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 16));
}

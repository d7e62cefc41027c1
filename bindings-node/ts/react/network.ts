/** The network of a page: its errors, and its return. */

import type { TurnwireError } from '../browser/index.js';

/** True for an error of the connection. */
export function isDisconnect({ network, code }: TurnwireError): boolean {
  return network || code === 'truncated';
}

/** The error of a stream without `done`, as the client of a chat service throws it; another service may only end. */
export function truncated(): Error {
  const error = new Error('chat.stream: the stream ended before the reply was complete; send the message again');
  return Object.assign(error, { code: 'truncated', retryable: true });
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

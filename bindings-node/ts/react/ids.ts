/** Ids of messages, as the store has them. */

/**
 * A UUID. `crypto.randomUUID` is missing in pages that are not served securely, such as by an address of the local network, and all of
 * `crypto` in the DOM of Jest 27.
 */
export function newId(): string {
  const source = globalThis.crypto as Crypto | undefined;
  if (typeof source?.randomUUID === 'function') return source.randomUUID();
  const bytes = new Uint8Array(16);
  if (source) source.getRandomValues(bytes);
  else bytes.forEach((_, at) => (bytes[at] = Math.random() * 256));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/**
 * The id of the reply to a message: its own with another last digit. So a message that is sent again after a reload, which may have lost
 * its reply, gets no second one in the store.
 */
export function replyIdOf(messageId: string): string {
  return messageId.slice(0, -1) + (parseInt(messageId.slice(-1), 16) ^ 1).toString(16);
}

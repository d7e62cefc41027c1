/** Ids of messages, as the store has them. */

/** A UUID. `crypto.randomUUID` is missing in pages that are not served securely, such as by an address of the local network. */
export function newId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
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

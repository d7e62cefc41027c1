/** The turns of a chat, before and while they run. */

import type { Message } from './message.js';

/** A message that waits for its turn. */
export interface Waiting {
  /** The reply that is there may come back. */
  keepsReply: boolean;
  speech: boolean | undefined;
  /** The message as it was, if it was there. */
  before: Message | null;
  resolve: () => void;
}

/** A turn that runs. */
export interface Run {
  controller: AbortController;
  speech: boolean | undefined;
  isStopped: boolean;
  /** Its speech is not heard any more. */
  isMuted: boolean;
  ended: Promise<void>;
  resolve: () => void;
}

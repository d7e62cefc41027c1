/** The end of a turn, as the program is told of it. */

import { isDisconnect } from './network.js';
import { type ChatState, type Ending, find, type RunningTurn } from './state.js';
import type { FinishInfo } from './types.js';

/** The end of a turn in the state behind it; `null` if its message was taken away. */
export function finishInfo({ messages, error }: ChatState, turn: RunningTurn, ending: Ending): FinishInfo | null {
  const userMessage = find(messages, turn.messageId);
  if (!userMessage) return null;
  const reply = find(messages, turn.replyId);
  return {
    message: reply && reply !== turn.replaced ? reply : null,
    userMessage,
    messages,
    finishReason: ending.as,
    usage: turn.usage,
    isAbort: ending.as === 'stopped',
    isError: ending.as === 'failed',
    isDisconnect: ending.as === 'failed' && isDisconnect(ending.error),
    error,
  };
}

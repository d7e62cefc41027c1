/** The settings of turns, and how they reach the native side. */

import type { TurnsSettings as NativeSettings } from './native.js';
import { milliseconds } from './options.js';

/** The settings of an engine. Those not set have core's defaults. */
export interface TurnsSettings {
  /** The URL of the chat store, which keeps messages, workspaces and sessions. Without one nothing is kept. */
  store?: string | null;
  /** The path of the outbox's file. Default: an outbox in memory. */
  outbox?: string | null;
  /** Default `gpt-4o-mini`. */
  model?: string | null;
  /** The text that begins every conversation. */
  systemPrompt?: string | null;
  /** The longest wait of the reply for the label, in milliseconds; default 150. */
  sentimentBudget?: number | null;
  /** The text by which the model learns the label, with the label for `{label}`. */
  sentimentHint?: string | null;
  /** The reply of a turn whose reader has gone away: its text so far is kept (the default), it is finished, or it is discarded. */
  onDisconnect?: 'save_partial' | 'finish' | 'discard' | null;
  /** Sends a `turn` event first. */
  turnEvents?: boolean | null;
  /** Sends `sentiment` events. */
  sentimentEvents?: boolean | null;
  /** Sends `usage` events. */
  usageEvents?: boolean | null;
  /** Sends a `stage_failed` event for each side stage that failed. */
  failureEvents?: boolean | null;
  /** Sends whole lines of errors in events, for development. */
  detailedErrors?: boolean | null;
}

/** The settings of the native engine. */
export function turnsSettings({ sentimentBudget, ...settings }: TurnsSettings): NativeSettings {
  return { ...settings, sentimentBudget: milliseconds(sentimentBudget) } as NativeSettings;
}

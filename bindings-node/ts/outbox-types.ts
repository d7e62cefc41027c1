/** The records of an outbox, and its reports. Times are in milliseconds since 1970. */

import type { StoreMessage } from './stored.js';

/** The fields of all records. */
interface AnyRecord {
  /** The user, for whom fresh tokens are asked for a record that outlives its own. */
  userId?: string | null;
  /** The user's tokens, which are never written to the file; both or none. */
  accessToken?: string | null;
  refreshToken?: string | null;
}

/** A record with any payload. */
export interface PayloadRecord extends AnyRecord {
  /** Records of one conversation are delivered in order, one at a time. */
  conversation: string;
  /** Unique: a record whose id is known, also that of a delivered one, is the same record. */
  id: string;
  /** Any JSON. */
  payload: unknown;
}

/** A record for a sink that is a store. */
export interface MessageRecord extends AnyRecord {
  message: StoreMessage;
  /** The message's `workspaceId`, which may be left out. */
  conversation?: string | null;
  /** The message's own id, which may be left out. */
  id?: string | null;
}

/** A record to deliver. */
export type NewRecord = PayloadRecord | MessageRecord;

/** The result of accepting a record. */
export interface Receipt {
  id: string;
  /** True if the record survives the end of this process: not in memory, nor while the file cannot be written. */
  durable: boolean;
  /** True if the record was accepted now, false if its id was known already. */
  isNew: boolean;
}

/**
 * The counters of an outbox since this process opened it. They balance:
 * `accepted + recovered === delivered + dead + pending + discarded`. In a file they count the records of all processes that
 * use it; those that end in `Here` count only this process.
 */
export interface OutboxStats {
  accepted: number;
  acceptedHere: number;
  /** Records that were in the file already, dead letters among them. */
  recovered: number;
  delivered: number;
  deliveredHere: number;
  /** Dead letters now. */
  dead: number;
  deadHere: number;
  /** Pending records now, held ones among them. */
  pending: number;
  held: number;
  discarded: number;
  /** Pending records that are only in memory, because the file cannot be written. */
  notDurable: number;
  /** True while the service fails, and no record is sent for a while. */
  isBreakerOpen: boolean;
  /** The reason for which the file is not usable now. */
  storageError: string | null;
  /** Damaged files that were set aside. They are never deleted. */
  setAside: string[];
}

/** The counters of a broker's stream, and of the courier that reads them, which end in `Here`. */
export interface CourierStats {
  /** Records that wait in the stream, parked ones among them. */
  pending: number;
  /** Records that wait outside their partition: for a token, or behind one that does. */
  parked: number;
  /** Dead letters now. */
  dead: number;
  deliveredHere: number;
  deadHere: number;
  /** True while the service fails, and this courier sends no record for a while. */
  isBreakerOpen: boolean;
}

/** A record that waits. */
export interface PendingRecord {
  id: string;
  conversation: string;
  userId: string | null;
  /** The time of acceptance. */
  acceptedAt: number;
  /** Failed deliveries. */
  attempts: number;
  state: 'held' | 'queued' | 'sending' | 'needs_token';
  /** The failure of the last delivery. */
  reason: string | null;
}

/** A record that was given up. It stays until it is requeued or discarded. */
export interface DeadLetter<Payload = any> {
  id: string;
  conversation: string;
  userId: string | null;
  payload: Payload;
  /** The time of acceptance. */
  acceptedAt: number;
  /** The time at which it was given up. */
  diedAt: number;
  /** Failed deliveries. */
  attempts: number;
  reason: string;
}

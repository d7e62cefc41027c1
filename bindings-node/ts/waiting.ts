/** Taking from native calls, and waiting for them: one wake from the native side serves all calls that became ready meanwhile. */

import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from 'node:timers';

import { native } from './native.js';
import type { Taken } from './wire.js';

type Waker = InstanceType<typeof native.Waker>;

/** Items, an answer or the end; bytes are a buffer. */
export type Piece = Taken | Uint8Array;

/** Takes from a call. If that returns `null`, the waker is woken with the id once there is something to take. */
export type Take = (waker: Waker, id: number) => string | Uint8Array | null;

/** When the event loop last had its turn. */
let turned = 0;

/** The longest time for which streams that are ahead of their readers occupy the event loop, in milliseconds. */
const SHARE = 4;

/** The time for which what became ready is gathered, in milliseconds. */
const GATHERED = 1;

/** The time for which an idle waker is kept, in milliseconds. */
const KEPT = 20;

/** Exists while a call waits, and shortly after: an idle client must not leave an open handle. */
let waker: Waker | undefined;

/** Closes the waker once no call has waited for a while. */
let closing: NodeJS.Timeout | undefined;

// The waker keeps no process alive, so an idle client does not either. A call that waits does.
let alive: NodeJS.Timeout | undefined;

/** Asks for what became ready, while streams are busy. */
let polling: NodeJS.Timeout | undefined;

/** The number of calls that wait. */
let waiting = 0;

/** The desks in use, by their ids, and the ids that are free again. */
const desks: (Desk | undefined)[] = [];
const free: number[] = [];

/** The closed desks for which a wake is still to come. */
const leaving = new Set<Desk>();

/** By id, 1 for a desk with items that nobody has taken: the native side hands no more over to it. */
let unread = new Uint8Array(64);

/**
 * The place where a call's items are handed over. After the first wait the native side needs no call for each of them: it
 * wakes for the desk again by itself, until items lie there unread or the stream ends.
 */
export class Desk {
  #id: number;
  #unread: Piece | undefined;
  #reader: ((piece: Piece) => void) | undefined;
  #from: Take | undefined;
  /** The waker that is woken once there is more. */
  #waker: Waker | undefined;
  #isClosed = false;

  constructor() {
    this.#id = free.pop() ?? desks.length;
    desks[this.#id] = this;
    if (this.#id < unread.length) return;
    const former = unread;
    unread = new Uint8Array(2 * former.length);
    unread.set(former);
  }

  /** Takes what there is, or waits for it. */
  take(from: Take, receive: (piece: Piece) => void): void {
    const piece = this.#unread ?? this.#begin(from);
    if (piece !== undefined) {
      this.#clear();
      return receive(piece);
    }
    if (waiting === 0) alive = alive?.ref() ?? setInterval(() => {}, 2 ** 31 - 1);
    waiting += 1;
    this.#from = from;
    this.#reader = receive;
  }

  /** Receives what was handed over; `null` if it has to be taken from the call. */
  receive(piece: Piece | null): void {
    // Only after items there may be more.
    if (!Array.isArray(piece) && !(piece instanceof Uint8Array)) this.#waker = undefined;
    const [reader, from] = [this.#reader, this.#from];
    if (reader) {
      // The desk must not keep a call alive that nobody reads any more.
      this.#reader = this.#from = undefined;
      waiting -= 1;
      if (piece === null) this.take(from!, reader);
      else reader(piece);
    } else if (piece !== null) {
      this.#unread = piece;
      unread[this.#id] = 1;
    }
    if (this.#isClosed) this.close();
  }

  /**
   * Gives the desk up. A reader that waits is still served, and the id is free only after the wake that is to come: at another
   * desk it would take items out of their order.
   */
  close(): void {
    this.#isClosed = true;
    if (this.#reader || desks[this.#id] !== this) return;
    if (waker && this.#waker === waker) return void leaving.add(this);
    leaving.delete(this);
    this.#clear();
    desks[this.#id] = undefined;
    free.push(this.#id);
  }

  #clear(): void {
    if (this.#unread === undefined) return;
    this.#unread = undefined;
    unread[this.#id] = 0;
  }

  /** Takes from the call, unless the waker is woken already once there is something. */
  #begin(from: Take): Piece | undefined {
    if (waker && this.#waker === waker) return undefined;
    const taken = from((waker ??= new native.Waker(onReady)), this.#id);
    this.#waker = taken === null ? waker : undefined;
    if (taken === null) return undefined;
    if (waiting === 0 && !closing) rest();
    return typeof taken === 'string' ? (JSON.parse(taken) as Taken) : taken;
  }
}

/**
 * A wake costs as much as many chunks: while they follow each other closely, those of all streams are gathered for a
 * millisecond, and asked for without a wake. The first chunk after a silence is delivered at once.
 */
function onReady(): void {
  if (Date.now() - turned > GATHERED) handOver(false);
  else polling ??= setTimeout(poll, GATHERED);
}

function poll(): void {
  polling!.refresh();
  if (handOver(true)) return;
  clearTimeout(polling);
  polling = undefined;
}

/** Hands over what became ready, and returns true if something did. */
function handOver(isPolled: boolean): boolean {
  const handed = waker?.handOver(unread, isPolled);
  if (!handed) return false;
  turned = Date.now();
  const { text, bytes } = handed;
  const items = JSON.parse(text) as (number | Taken | null)[];
  let at = 0;
  for (let n = 0; n < items.length; n += 2) {
    const desk = desks[items[n] as number];
    const piece = items[n + 1] as number | Taken | null;
    if (typeof piece !== 'number') {
      desk?.receive(piece);
    } else {
      // Bytes of its own: a program may pass the buffer on to another thread.
      desk?.receive(Buffer.from(bytes!.buffer.slice(at, at + piece)));
      at += piece;
    }
  }
  if (waiting === 0) rest();
  return true;
}

/** No call waits: the process may end, and the waker after a while. */
function rest(): void {
  alive?.unref();
  closing = closing?.refresh() ?? setTimeout(close, KEPT).unref();
}

function close(): void {
  closing = undefined;
  if (waiting > 0) return;
  waker?.close();
  waker = undefined;
  for (const desk of leaving) desk.close();
  clearInterval(alive);
  alive = undefined;
}

/** True if everything else in the event loop is due for a turn. */
export function isTurnDue(): boolean {
  return Date.now() - turned >= SHARE;
}

/** Gives everything else in the event loop a turn, and calls back. */
export function turn(after: () => void): void {
  setImmediate(() => {
    turned = Date.now();
    after();
  });
}

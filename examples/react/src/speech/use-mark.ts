/** Marks the sentence of a message that is heard, and keeps it in view. */

import { useLayoutEffect, useRef, type RefObject } from 'react';
import type { Speaking } from 'turnwire/react';

import { findSentence, mark } from './mark';

interface Place {
  seq: number;
  from: number;
  end: number;
  range: Range | null;
}

export function useMark(body: RefObject<HTMLElement | null>, heard: Speaking | null, content: string) {
  /** The place of the sentence before, after which the next one stands. */
  const place = useRef<Place>({ seq: -1, from: 0, end: 0, range: null });
  const isHeard = heard !== null;
  useLayoutEffect(() => {
    if (!heard || !body.current) return;
    const { current } = place;
    if (heard.seq < current.seq) Object.assign(current, { from: 0, end: 0, range: null });
    else if (heard.seq > current.seq) current.from = current.end;
    const isNew = heard.seq !== current.seq;
    current.seq = heard.seq;
    const found = findSentence(body.current, heard.text, current.from);
    mark(found?.range ?? null);
    if (!found) return;
    // A reader who has gone elsewhere is left there.
    if (isNew && (current.range === null || isSeen(current.range, body.current))) show(found.range, body.current);
    current.end = found.end;
    current.range = found.range;
  }, [body, heard, content]);
  useLayoutEffect(() => (isHeard ? () => mark(null) : undefined), [isHeard]);
}

function isSeen(range: Range, body: Element): boolean {
  const { top, bottom } = range.getBoundingClientRect();
  const seen = body.closest('.log')?.getBoundingClientRect();
  return seen !== undefined && bottom > seen.top && top < seen.bottom;
}

function show(range: Range, body: Element) {
  const scroller = body.closest('.log');
  if (!scroller) return;
  const { top, bottom } = range.getBoundingClientRect();
  const seen = scroller.getBoundingClientRect();
  if (top >= seen.top && bottom <= seen.bottom) return;
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  scroller.scrollBy({ top: top - seen.top - seen.height / 4, behavior: isCalm ? 'instant' : 'smooth' });
}

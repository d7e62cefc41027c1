/** The conversation that is shown, which the page's address names: `#/…` with its workspace, or nothing for a new one. */

import { useCallback, useEffect, useState } from 'react';

export interface Place {
  /** The page's name of the conversation: it stays when the first message creates the workspace. */
  key: string;
  workspaceId: string | null;
  /** A conversation that begins here has no history to load. */
  isNew: boolean;
}

function inAddress(): string | null {
  try {
    return decodeURIComponent(/^#\/(.+)$/.exec(location.hash)?.[1] ?? '') || null;
  } catch {
    // Not an address of ours.
    return null;
  }
}
const addressOf = (workspaceId: string) => `#/${encodeURIComponent(workspaceId)}`;
/** The page's names of new conversations: no tab or reload gives one twice. */
let beginnings = Date.now();
const newKey = () => `new ${(beginnings += 1)}`;

/** Conversations that began in this page, by workspace: a reply in one may still be under way. */
const begun = new Map<string, string>();

/** The place of the history's current entry. That of a new conversation holds its key, so that a reload or a return finds what was not sent in it. */
function placeHere(): Place {
  const workspaceId = inAddress();
  if (workspaceId !== null) return { key: begun.get(workspaceId) ?? workspaceId, workspaceId, isNew: false };
  if (typeof history.state !== 'string') history.replaceState(newKey(), '');
  const key: string = history.state;
  const created = [...begun].find(([, other]) => other === key)?.[0];
  if (created === undefined) return { key, workspaceId, isNew: true };
  // It got its workspace while another one was shown.
  history.replaceState(null, '', addressOf(created));
  return placeHere();
}

export function usePlace() {
  const [place, setPlace] = useState(placeHere);
  const follow = useCallback(() => {
    const here = placeHere();
    setPlace((before) => (before.key === here.key && before.workspaceId === here.workspaceId ? before : here));
  }, []);
  useEffect(() => {
    for (const name of ['popstate', 'hashchange']) addEventListener(name, follow);
    return () => {
      for (const name of ['popstate', 'hashchange']) removeEventListener(name, follow);
    };
  }, [follow]);
  const begin = useCallback(() => {
    history.pushState(newKey(), '', location.pathname + location.search);
    follow();
  }, [follow]);
  /** The conversation with this key has got its workspace. */
  const created = useCallback((key: string, workspaceId: string) => {
    const isHere = placeHere().key === key;
    begun.set(workspaceId, key);
    if (!isHere) return;
    history.replaceState(null, '', addressOf(workspaceId));
    setPlace((before) => ({ ...before, workspaceId }));
  }, []);
  return { place, begin, created, addressOf };
}

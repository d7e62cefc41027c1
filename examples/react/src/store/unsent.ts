/** Messages that are not known to be saved, kept in the tab: after a reload or a new login of the same user they can be sent again. */

import { unsentIn, type Unsent } from 'turnwire/react';

/** The begin of their names in the storage, of which each ends with a user. */
const NAME = 'turnwire.unsent of ';

/** The user has left, and the page is about to be loaded again: what it still keeps until then is of nobody. */
let isForgotten = false;

type Place = Parameters<Unsent['read']>[0];

/** A conversation is known by its workspace: the page that comes after has another name for it. */
const byWorkspace = ({ chat, workspaceId }: Place): Place => ({ chat: workspaceId === null ? chat : undefined, workspaceId });

/** The unsent messages of a user. Those of another, whose login ran out in this tab, are removed. */
export function unsentOf(user: string): Unsent {
  const name = NAME + user;
  remove((other) => other !== name);
  const kept = unsentIn(() => ({
    getItem: () => sessionStorage.getItem(name),
    setItem: (_, messages) => isForgotten || sessionStorage.setItem(name, messages),
    removeItem: () => sessionStorage.removeItem(name),
  }));
  return {
    read: (place) => kept.read(byWorkspace(place)),
    keep: (place, ...messages) => kept.keep(byWorkspace(place), ...messages),
  };
}

/** The next user of this tab must not read them. */
export function forgetUnsent(): void {
  isForgotten = true;
  remove(() => true);
}

function remove(isOver: (name: string) => boolean): void {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(NAME) && isOver(name)) sessionStorage.removeItem(name);
}

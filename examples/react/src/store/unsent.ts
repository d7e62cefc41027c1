/** Messages that are not known to be saved, kept in the tab: after a reload or a new login they can be sent again. */

import { unsentIn, type Unsent } from 'turnwire/react';

const storage = () => sessionStorage;
const kept = unsentIn(storage);

type Place = Parameters<Unsent['read']>[0];

/** A conversation is known by its workspace: the page that comes after has another name for it. */
const byWorkspace = ({ chat, workspaceId }: Place): Place => ({ chat: workspaceId === null ? chat : undefined, workspaceId });

export const unsent: Unsent = {
  read: (place) => kept.read(byWorkspace(place)),
  keep: (place, ...messages) => kept.keep(byWorkspace(place), ...messages),
};

/** The next user of this tab must not read them. */
export function forgetUnsent(): void {
  storage().clear();
}

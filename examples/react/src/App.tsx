/** The page: the list of conversations, and the one that is open. */

import { useCallback, useEffect, useState } from 'react';
import { ChatProvider } from 'turnwire/react';

import { OpenedConversation } from './chat/OpenedConversation';
import { toText } from './chat/to-text';
import { service } from './service';
import { userId } from './session';
import { useWords } from './settings';
import { ConversationList } from './shell/ConversationList';
import { Dialog } from './shell/Dialog';
import { Header } from './shell/Header';
import { SettingsDialog } from './shell/SettingsDialog';
import { conversations } from './store/conversations';
import { unsentOf } from './store/unsent';
import { useLoaded } from './store/use-loaded';
import { usePlace } from './use-place';

const loadList = (_key: string, signal: AbortSignal) => conversations(signal);

export function App() {
  const words = useWords();
  const [unsent] = useState(() => unsentOf(userId()));
  const { place, begin, created, addressOf } = usePlace();
  const list = useLoaded('list', loadList);
  const [opened, setOpened] = useState<'list' | 'settings' | null>(null);
  const close = useCallback(() => setOpened(null), []);

  const name = list.value?.find(({ id }) => id === place.workspaceId)?.name || words.newConversation;
  useEffect(() => {
    document.title = place.workspaceId ? `${name} – ${words.title}` : words.title;
  }, [name, place.workspaceId, words]);

  const { reload } = list;
  const hasWorkspace = useCallback(
    (workspaceId: string) => {
      created(place.key, workspaceId);
      reload();
    },
    [created, place.key, reload],
  );
  const beginHere = () => {
    close();
    begin();
  };
  const conversationList = <ConversationList list={list} current={place.workspaceId} addressOf={addressOf} onBegin={beginHere} onOpen={close} />;
  return (
    <ChatProvider service={service} unsent={unsent}>
      <a className="skip" href="#composer-text" onClick={skip}>
        {words.toText}
      </a>
      <div className="page">
        <aside className="side">{conversationList}</aside>
        <div className="column">
          <Header name={place.workspaceId ? name : words.title} onList={() => setOpened('list')} onSettings={() => setOpened('settings')} />
          <OpenedConversation key={place.key} place={place} onWorkspace={hasWorkspace} onFinish={reload} />
        </div>
      </div>
      {opened === 'list' && (
        <Dialog title={words.conversations} onClose={close}>
          {conversationList}
        </Dialog>
      )}
      {opened === 'settings' && <SettingsDialog onClose={close} />}
    </ChatProvider>
  );
}

/** Not by the address, which names the conversation. */
function skip(event: { preventDefault(): void }) {
  event.preventDefault();
  toText();
}

/** The conversations of the user, by name. */

import { useWords } from '../settings';
import type { Conversation } from '../store/conversations';
import type { Loaded } from '../store/use-loaded';

interface Props {
  list: Loaded<Conversation[]>;
  current: string | null;
  addressOf: (workspaceId: string) => string;
  onBegin: () => void;
  onOpen: () => void;
}

export function ConversationList({ list: { value, failed, reload }, current, addressOf, onBegin, onOpen }: Props) {
  const words = useWords();
  return (
    <nav className="conversations" aria-label={words.conversations}>
      <button type="button" className="main" onClick={onBegin}>
        {words.newConversation}
      </button>
      {failed && (
        <div className="problem" role="alert">
          <p>{words.listFailed}</p>
          <button type="button" onClick={reload}>
            {words.tryAgain}
          </button>
        </div>
      )}
      {value?.length === 0 && <p>{words.noConversations}</p>}
      {value && value.length > 0 && (
        <ul>
          {value.map(({ id, name }) => (
            <li key={id}>
              <a href={addressOf(id)} aria-current={id === current ? 'page' : undefined} onClick={onOpen}>
                {name || words.unnamed}
              </a>
            </li>
          ))}
        </ul>
      )}
    </nav>
  );
}

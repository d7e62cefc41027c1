/** A conversation with its history, which is loaded first. */

import type { InitialMessage } from 'turnwire/react';

import { useWords } from '../settings';
import { history } from '../store/conversations';
import { useLoaded } from '../store/use-loaded';
import type { Place } from '../use-place';
import { Conversation } from './Conversation';

interface Props {
  place: Place;
  onWorkspace: (workspaceId: string) => void;
  onFinish: () => void;
}

const nothing = async (): Promise<InitialMessage[]> => [];

export function OpenedConversation({ place, ...rest }: Props) {
  const words = useWords();
  const { value, failed, reload } = useLoaded(place.isNew ? '' : (place.workspaceId ?? ''), place.isNew ? nothing : history);
  if (value || place.isNew) return <Conversation id={place.key} workspaceId={place.workspaceId} initialMessages={value ?? []} {...rest} />;
  return (
    <main className="talk loading">
      {failed ? (
        <div className="problem" role="alert">
          <p>{words.historyFailed}</p>
          <button type="button" onClick={reload}>
            {words.tryAgain}
          </button>
        </div>
      ) : (
        <p role="status">{words.loading}</p>
      )}
    </main>
  );
}

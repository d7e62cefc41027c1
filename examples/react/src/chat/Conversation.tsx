/** A conversation: its messages, and the place to write. */

import { useCallback, useMemo, useRef, useState } from 'react';
import { useChat, type InitialMessage } from 'turnwire/react';

import { useSettings } from '../settings';
import { useReadAloud } from '../speech/use-read-aloud';
import { Announcer } from './Announcer';
import { Composer } from './Composer';
import { MessageList } from './MessageList';
import { StatusBar } from './StatusBar';
import { thenToText } from './to-text';
import { useOtherTabs } from './use-other-tabs';
import { useTimes, useTurnStart } from './use-times';

/** The service sends the speech of its replies by itself: known with the first of it, and used from the next message on. */
let serviceSpeaks = false;

interface Props {
  id: string;
  workspaceId: string | null;
  initialMessages: InitialMessage[];
  onWorkspace: (workspaceId: string) => void;
  onFinish: () => void;
}

export function Conversation({ id, workspaceId, initialMessages, onWorkspace, onFinish }: Props) {
  const { settings } = useSettings();
  const times = useTimes();
  const [servicePlays, setServicePlays] = useState(serviceSpeaks);
  const [editedId, setEdited] = useState<string | null>(null);
  const tabs = useRef<ReturnType<typeof useOtherTabs>>(null);
  const chat = useChat({
    id,
    workspaceId,
    initialMessages,
    keepOnSwitch: true,
    speech: settings.aloud && servicePlays,
    onWorkspace,
    onEvent: (event) => {
      if (event.type === 'audio') serviceSpeaks = true;
      times.event(event);
    },
    onFinish: (info) => {
      times.end(info);
      tabs.current?.(info);
      onFinish();
    },
  });
  tabs.current = useOtherTabs(chat);
  useTurnStart(times, chat.status, chat.connected);

  const speech = useReadAloud(chat, settings.aloud && !servicePlays);
  const { sendMessage, edit, retry, regenerate, unqueue, clearError, stop } = chat;
  const edited = chat.messages.find((message) => message.id === editedId) ?? null;
  const isBusy = chat.status === 'submitted' || chat.status === 'streaming';
  const { read, stop: quiet } = speech;
  const actions = useMemo(
    () => ({ retry: thenToText(retry), regenerate: thenToText(regenerate), unqueue: thenToText(unqueue), sendQueued: thenToText(clearError), read, quiet, edit: setEdited }),
    [retry, regenerate, unqueue, clearError, read, quiet],
  );

  const submit = useCallback(
    (text: string) => {
      // In the gesture, as the browser allows sound only there.
      if (settings.aloud) speech.unlock();
      setServicePlays(serviceSpeaks);
      if (edited) void edit(edited.id, text);
      else void sendMessage({ text, speech: settings.aloud && serviceSpeaks });
      setEdited(null);
    },
    [settings.aloud, speech, edited, edit, sendMessage],
  );
  return (
    <main className="talk">
      <MessageList messages={chat.messages} speaking={speech.speaking} isBusy={isBusy} isHeldUp={chat.status === 'error'} times={times.byReply} actions={actions} />
      <Announcer messages={chat.messages} status={chat.status} />
      <div className="foot">
        <StatusBar status={chat.status} connected={chat.connected} speech={speech} onStop={stop} />
        <Composer isBusy={isBusy} edited={edited} onSubmit={submit} onStop={stop} onCancel={() => setEdited(null)} />
      </div>
    </main>
  );
}

/** The place to write. Enter sends, Shift and Enter begins a line, Escape stops the reply. */

import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { Message } from 'turnwire/react';

import { useWords } from '../settings';

/** The most characters that the store keeps of a message. */
const MOST = 2000;

interface Props {
  isBusy: boolean;
  /** The message that is being edited. */
  edited: Message | null;
  onSubmit: (text: string) => void;
  onStop: () => void;
  onCancel: () => void;
}

export function Composer({ isBusy, edited, onSubmit, onStop, onCancel }: Props) {
  const words = useWords();
  const [text, setText] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  // Not with each change of the message: what is written meanwhile stays.
  const editedId = edited?.id;
  const [openedId, setOpenedId] = useState(editedId);
  if (editedId !== openedId) {
    setOpenedId(editedId);
    setText(edited?.content ?? '');
  }
  useEffect(() => {
    if (editedId) box.current?.focus();
  }, [editedId]);

  const submit = () => {
    if (text.trim() === '') return;
    onSubmit(text.trim());
    setText('');
    box.current?.focus();
  };
  const press = (event: KeyboardEvent) => {
    // Enter and Escape of an input method, such as for Hangul, belong to it.
    if (event.nativeEvent.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === 'Escape') {
      if (isBusy) onStop();
      else if (edited) onCancel();
    }
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {edited && (
        <p className="note">
          {words.editing}
          <button type="button" onClick={onCancel}>
            {words.cancel}
          </button>
        </p>
      )}
      {text.length >= MOST && (
        <p className="note" role="status">
          {words.full}
        </p>
      )}
      <label className="hidden" htmlFor="composer-text">
        {words.message}
      </label>
      <textarea
        id="composer-text"
        ref={box}
        rows={Math.min(6, text.split('\n').length)}
        value={text}
        placeholder={words.placeholder}
        maxLength={MOST}
        enterKeyHint="send"
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={press}
      />
      <button type="submit" className="main">
        {words.send}
      </button>
    </form>
  );
}

/** A dialog over the page. The browser keeps the focus in it, closes it by Escape, and returns the focus. */

import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';

import { useWords } from '../settings';

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  // Closed before it leaves the document: only then does the focus return.
  useLayoutEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={name} onCancel={onClose} onClick={(event) => event.target === event.currentTarget && onClose()}>
      <div className="dialog">
        <div className="dialog-head">
          <h2 id={name}>{title}</h2>
          <button type="button" onClick={onClose}>
            {words.close}
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

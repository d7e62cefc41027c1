/** The head of the page: the conversation's name, and the ways to the others and to the settings. */

import { useSettings } from '../settings';
import { languageNames, type Language } from '../words';

export function Header({ name, onList, onSettings }: { name: string; onList: () => void; onSettings: () => void }) {
  const { settings, words, change } = useSettings();
  const other: Language = settings.language === 'ko' ? 'en' : 'ko';
  return (
    <header className="head">
      <button type="button" className="only-narrow" onClick={onList} aria-haspopup="dialog">
        {words.conversations}
      </button>
      <h1>{name}</h1>
      <button type="button" lang={other} onClick={() => change({ language: other })}>
        {languageNames[other]}
      </button>
      <button type="button" onClick={onSettings} aria-haspopup="dialog">
        {words.settings}
      </button>
    </header>
  );
}

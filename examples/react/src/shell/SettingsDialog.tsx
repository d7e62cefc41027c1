/** The settings of the page, which take effect at once. */

import { useId } from 'react';

import { signOut } from '../session';
import { useSettings, type Settings } from '../settings';
import { languageNames } from '../words';
import { Dialog } from './Dialog';

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const { settings, words, change } = useSettings();
  return (
    <Dialog title={words.settings} onClose={onClose}>
      <Choice name={words.size} of="size" options={words.sizes} />
      <Choice name={words.scheme} of="scheme" options={words.schemes} />
      <Choice name={words.language} of="language" options={languageNames} />
      <label className="switch">
        <input type="checkbox" checked={settings.aloud} onChange={(event) => change({ aloud: event.target.checked })} />
        {words.aloud}
      </label>
      {signOut && (
        <button type="button" onClick={() => signOut?.()}>
          {words.leave}
        </button>
      )}
    </Dialog>
  );
}

function Choice<Key extends 'size' | 'scheme' | 'language'>({ name, of, options }: { name: string; of: Key; options: Record<Settings[Key], string> }) {
  const { settings, change } = useSettings();
  const group = useId();
  return (
    <fieldset className="choice">
      <legend>{name}</legend>
      {(Object.entries(options) as [Settings[Key], string][]).map(([value, label]) => (
        <label key={value} lang={of === 'language' ? value : undefined}>
          <input type="radio" name={group} checked={settings[of] === value} onChange={() => change({ [of]: value })} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

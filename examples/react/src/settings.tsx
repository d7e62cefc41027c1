/** The settings that a reader chooses, kept in the browser. */

import { createContext, use, useEffect, useMemo, useState, type ReactNode } from 'react';

import { browserLanguage, languages, type Language, type Words } from './words';

export interface Settings {
  language: Language;
  size: keyof Words['sizes'];
  scheme: keyof Words['schemes'];
  /** Replies are spoken while they are written. */
  aloud: boolean;
}

interface SettingsAndSetter {
  settings: Settings;
  words: Words;
  change: (changed: Partial<Settings>) => void;
}

const Context = createContext<SettingsAndSetter | null>(null);
const KEY = 'settings';

function kept(): Settings {
  const settings: Settings = { language: browserLanguage(), size: 'normal', scheme: 'auto', aloud: false };
  try {
    return { ...settings, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return settings; // storage is refused, or holds something else
  }
}

export function SettingsProvider({ children }: { children: ReactNode }) {
  const [settings, setSettings] = useState(kept);
  const { language, size, scheme } = settings;
  useEffect(() => {
    const { dataset } = document.documentElement;
    document.documentElement.lang = language;
    dataset.size = size;
    dataset.scheme = scheme;
  }, [language, size, scheme]);
  useEffect(() => {
    try {
      localStorage.setItem(KEY, JSON.stringify(settings));
    } catch {
      // They last as long as the page.
    }
  }, [settings]);
  const value = useMemo(
    () => ({
      settings,
      words: languages[language] ?? languages.en,
      change: (changed: Partial<Settings>) => setSettings((before) => ({ ...before, ...changed })),
    }),
    [settings, language],
  );
  return <Context value={value}>{children}</Context>;
}

export function useSettings(): SettingsAndSetter {
  const value = use(Context);
  if (!value) throw new Error('useSettings is used outside SettingsProvider');
  return value;
}

export function useWords(): Words {
  return useSettings().words;
}

/** Ready-made prompts for languages and audiences. */

import { camelCased } from './camel-case.js';
import { native } from './native.js';
import type { PromptSettings } from './settings.js';

/** The prompts of an engine, complete. */
export type Prompts = { [Name in keyof PromptSettings]-?: Name extends 'system' ? string | null : NonNullable<PromptSettings[Name]> };

/** Prompts for the setting `prompts`. Their fields can be changed, and settings of single prompts (`systemPrompt`, …) win. */
export const presets = {
  /** Korean prompts, for a kind companion of elderly people. */
  korean(): Prompts {
    return camelCased(JSON.parse(native.preset('korean')!)) as Prompts;
  },
};

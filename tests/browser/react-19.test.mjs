/** `useChat` on React 19. */

import { openHook } from './hook.mjs';
import { testHook } from './react-hook.mjs';
import { testReturn } from './react-return.mjs';

const hook = openHook(19);
testHook(hook);
testReturn(hook);

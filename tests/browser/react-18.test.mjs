/** `useChat` on React 18. */

import { openHook } from './hook.mjs';
import { testHook } from './react-hook.mjs';
import { testReturn } from './react-return.mjs';

const hook = openHook(18);
testHook(hook);
testReturn(hook);

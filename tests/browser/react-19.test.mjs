/** `useChat` on React 19. */

import { testHook } from './react-hook.mjs';

testHook(19);

/** `useChat` on React 18. */

import { testHook } from './react-hook.mjs';

testHook(18);

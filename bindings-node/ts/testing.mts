/** The types for `import`; its code is made by the build. */

export { FakeLlm, FakeStore } from './testing.js';
export type * from './testing.js';

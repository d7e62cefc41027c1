/**
 * Fake services for tests: a language model and a chat store on this computer, which answer as real ones do, or as badly as a
 * test wants. They serve clients of any kind, such as those of the `openai` package.
 */

export { FakeLlm } from './testing/llm.js';
export type { FakeReply, FakeStep } from './testing/script.js';
export type { FakeRequest } from './testing/service.js';
export { FakeStore, type FakeLogin } from './testing/store.js';

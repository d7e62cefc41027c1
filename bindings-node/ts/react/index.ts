/** `turnwire/react`: chat in React. */

export { audioElement } from './audio-element.js';
export { Chat } from './chat.js';
export { ChatProvider, type ChatProviderProps } from './provider.js';
export { fromHistory, type StoredMessage } from './history.js';
export { SpeechQueue } from './speech-queue.js';
export { useChat, type UseChat, type UseSpeech } from './use-chat.js';
export { unsentIn, type Unsent } from './unsent.js';
export { webAudio } from './web-audio.js';
export type * from './message.js';
export type * from './speech-types.js';
export type {
  ChatActions,
  ChatOptions,
  ChatServiceLike,
  ChatSnapshot,
  ChatStatus,
  FinishInfo,
  OutgoingMessage,
  UseChatOptions,
} from './types.js';

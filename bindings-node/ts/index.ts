/** Client SDK for streamed chat with a language model. */

export { AzureOpenAI, BedrockOpenAI, toFile } from './stand-ins.js';
export { OpenAI, OpenAI as default } from './client.js';
export { ChatCompletionStream, type ChatCompletionStreamEvents } from './completion-stream.js';
export {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  ConfigError,
  ConflictError,
  ContentFilterFinishReasonError,
  ForkedError,
  InternalServerError,
  InvalidRequestError,
  LengthFinishReasonError,
  NotFoundError,
  OpenAIError,
  PermissionDeniedError,
  RateLimitError,
  StructureError,
  TruncatedStreamError,
  UnprocessableEntityError,
} from './errors.js';
export type { Logger, LogLevel } from './log.js';
export type { HeadersLike } from './headers.js';
export { PagePromise } from './models.js';
export type { ApiKey, ClientOptions, Limits, RequestOptions } from './options.js';
export { APIPromise, type WithResponse } from './promise.js';
export type { Query } from './query.js';
export type {
  ChatCompletionSnapshot,
  ChoiceSnapshot,
  CustomToolCallSnapshot,
  FunctionToolCallSnapshot,
  MessageSnapshot,
  ToolCallSnapshot,
} from './snapshot.js';
export type * from './settings.js';
export { Stream } from './stream.js';
export { CallbackError, FileError, OutboxFullError, StorageError } from './host-errors.js';
export { TurnwireError, type ErrorCode, type ErrorFacts } from './turnwire-error.js';
export { ChatStore, type ChatStoreOptions } from './chat-store.js';
export { SqliteStore } from './sqlite-store.js';
export { StoreMessage, type HistoryPage, type StoreSession, type StoreStats, type Workspace } from './stored.js';
export { ChatService, TurnStream, type ChatAnswer, type ChatServiceOptions } from './service.js';
export { presets, type Prompts } from './presets.js';
export { Courier, type CourierOptions } from './courier.js';
export { NatsSink, type NatsOptions } from './nats.js';
export { Outbox, type OutboxOptions } from './outbox.js';
export type * from './outbox-types.js';
export { SentenceCutter } from './sentences.js';
export { GoogleTranslateSpeaker, OpenAISpeaker, type OpenAISpeakerOptions, ServiceSpeaker, Speaker } from './speakers.js';
export { type AudioPiece, type FailedSentence, Speech, type SpokenText } from './speech.js';
export type { SpokenSource, TextPiece } from './speech-text.js';
export type { SpeechCreateParams, SpeechModel } from './audio.js';
export { Timeline, type Stage } from './timeline.js';
export { chatHandler, type ChatHandler, type ChatHandlerOptions } from './handler.js';
export { nodeHandler, type ServerRequestLike } from './node-handler.js';
export type { ServerResponseLike } from './pipe.js';
export { Turn } from './turn.js';
export type * from './turn-types.js';
export { Turns, type TurnsOptions } from './turns.js';
export type * from './host-types.js';
export type * from './types.js';

/** The client. */

import { UNSUPPORTED_OF_CLIENT, markUnsupported } from './unsupported.js';
import { Audio as OurAudio, type AudioSpeech, type SpeechCreateParams, type SpeechModel } from './audio.js';
import type { Chat } from './chat.js';
import { Completions } from './completions.js';
import { Connection } from './connection.js';
import * as errors from './errors.js';
import { Models as OurModels, type ModelsPage } from './models.js';
import { resolved, type ClientOptions, type RequestOptions, type ResolvedOptions } from './options.js';
import type {
  ChatCompletion,
  ChatCompletionAssistantMessageParam,
  ChatCompletionAudio,
  ChatCompletionAudioParam,
  ChatCompletionChunk,
  ChatCompletionContentPart,
  ChatCompletionContentPartImage,
  ChatCompletionContentPartInputAudio,
  ChatCompletionContentPartRefusal,
  ChatCompletionContentPartText,
  ChatCompletionCreateParams,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionCustomTool,
  ChatCompletionDeveloperMessageParam,
  ChatCompletionFunctionCallOption,
  ChatCompletionFunctionMessageParam,
  ChatCompletionFunctionTool,
  ChatCompletionMessage,
  ChatCompletionMessageCustomToolCall,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
  ChatCompletionModality,
  ChatCompletionNamedToolChoice,
  ChatCompletionNamedToolChoiceCustom,
  ChatCompletionParseParams,
  ChatCompletionPredictionContent,
  ChatCompletionReasoningEffort,
  ChatCompletionRole,
  ChatCompletionStreamOptions,
  ChatCompletionStreamParams,
  ChatCompletionSystemMessageParam,
  ChatCompletionTokenLogprob,
  ChatCompletionTool,
  ChatCompletionToolChoiceOption,
  ChatCompletionToolMessageParam,
  ChatCompletionUserMessageParam,
  ParsedChatCompletion,
  ParsedChatCompletionMessage,
  ParsedChoice,
  ParsedFunctionToolCall,
  ChatModel,
  CompletionUsage,
  FunctionDefinition,
  FunctionParameters,
  Metadata,
  Model,
  ReasoningEffort,
  ResponseFormatJSONObject,
  ResponseFormatJSONSchema,
  ResponseFormatText,
} from './types.js';

/** The default time limit of a whole reply, in milliseconds; core has shorter ones for streams. */
const TIMEOUT = 600_000;

/** The connection of a client, for the parts of this package that share it. It throws for anything else. */
export let connectionOf: (client: OpenAI | OpenAIOfPackage) => Connection;

/** The key of a method of the clients of `turnwire/openai` that returns one of this package, or throws. Its code is in another file. */
const OURS = Symbol.for('turnwire.client');

/** A client of `turnwire/openai`, as far as the types of the `openai` package show it. */
export interface OpenAIOfPackage {
  baseURL: string;
  maxRetries: number;
  chat: { completions: object };
}

/** True for a client of this package or of `turnwire/openai`. */
export function isClient(client: unknown): client is OpenAI | OpenAIOfPackage {
  return client instanceof OpenAI || typeof Object(client)[OURS] === 'function';
}

/** A client of OpenAI, or of any service that speaks its chat completions. */
export class OpenAI {
  static readonly OpenAI = this;
  static readonly DEFAULT_TIMEOUT = TIMEOUT;
  static readonly OpenAIError = errors.OpenAIError;
  static readonly APIError = errors.APIError;
  static readonly APIConnectionError = errors.APIConnectionError;
  static readonly APIConnectionTimeoutError = errors.APIConnectionTimeoutError;
  static readonly APIUserAbortError = errors.APIUserAbortError;
  static readonly TruncatedStreamError = errors.TruncatedStreamError;
  static readonly BadRequestError = errors.BadRequestError;
  static readonly AuthenticationError = errors.AuthenticationError;
  static readonly PermissionDeniedError = errors.PermissionDeniedError;
  static readonly NotFoundError = errors.NotFoundError;
  static readonly ConflictError = errors.ConflictError;
  static readonly UnprocessableEntityError = errors.UnprocessableEntityError;
  static readonly RateLimitError = errors.RateLimitError;
  static readonly InternalServerError = errors.InternalServerError;

  static {
    connectionOf = (client: unknown) => {
      if (typeof client === 'object' && client !== null && #connection in client) return client.#connection;
      const ours = Object(client)[OURS];
      if (typeof ours === 'function') return connectionOf(ours.call(client));
      throw new errors.ConfigError('the client must be an OpenAI client of turnwire or turnwire/openai');
    };
  }

  readonly audio: OurAudio;
  readonly chat: Chat;
  readonly models: OurModels;
  #options: ResolvedOptions;
  readonly #connection: Connection;

  /** Nothing is sent yet. It throws an `OpenAIError` when a setting is not usable. */
  constructor(options: ClientOptions = {}) {
    this.#options = resolved(options);
    this.#connection = new Connection(this.#options);
    this.audio = new OurAudio(this.#connection);
    this.chat = { completions: new Completions(this.#connection) };
    this.models = new OurModels(this.#connection);
  }

  /** The key; `null` without one, or if a function supplies it. It shows neither in JSON nor on the console. */
  get apiKey(): string | null {
    const { apiKey } = this.#options;
    return typeof apiKey === 'string' ? apiKey : null;
  }

  set apiKey(apiKey: ClientOptions['apiKey']) {
    this.#change({ apiKey });
  }

  /** The address of the service. */
  get baseURL(): string {
    return this.#options.baseURL as string;
  }

  set baseURL(baseURL: string) {
    this.#change({ baseURL });
  }

  /** The time limit of a wait, in milliseconds. */
  get timeout(): number {
    return this.#options.timeout ?? TIMEOUT;
  }

  set timeout(timeout: number) {
    this.#change({ timeout });
  }

  /** The most retries after a transient failure. */
  get maxRetries(): number {
    return this.#options.maxRetries ?? 2;
  }

  set maxRetries(maxRetries: number) {
    this.#change({ maxRetries });
  }

  /** The organization that is billed. */
  get organization(): string | null {
    return this.#options.organization ?? null;
  }

  set organization(organization: string | null) {
    this.#change({ organization });
  }

  /** The project that is billed. */
  get project(): string | null {
    return this.#options.project ?? null;
  }

  set project(project: string | null) {
    this.#change({ project });
  }

  /** A client of the same class with these settings changed. */
  withOptions(options: ClientOptions): this {
    const Same = this.constructor as new (options: ClientOptions) => this;
    return new Same({ ...this.#options, ...options });
  }

  #change(change: ClientOptions): void {
    const options = { ...this.#options, ...change };
    this.#connection.configure(options);
    this.#options = options;
  }
}

markUnsupported(OpenAI, 'client', UNSUPPORTED_OF_CLIENT);

/** The types under the names that programs for the `openai` package have for them. */
export declare namespace OpenAI {
  export {
    type Chat,
    type ClientOptions,
    type ModelsPage,
    type RequestOptions,
    type ChatCompletion,
    type ChatCompletionAssistantMessageParam,
    type ChatCompletionAudio,
    type ChatCompletionAudioParam,
    type ChatCompletionChunk,
    type ChatCompletionContentPart,
    type ChatCompletionContentPartImage,
    type ChatCompletionContentPartInputAudio,
    type ChatCompletionContentPartRefusal,
    type ChatCompletionContentPartText,
    type ChatCompletionCreateParams,
    type ChatCompletionCreateParamsNonStreaming,
    type ChatCompletionCreateParamsStreaming,
    type ChatCompletionCustomTool,
    type ChatCompletionDeveloperMessageParam,
    type ChatCompletionFunctionCallOption,
    type ChatCompletionFunctionMessageParam,
    type ChatCompletionFunctionTool,
    type ChatCompletionMessage,
    type ChatCompletionMessageCustomToolCall,
    type ChatCompletionMessageFunctionToolCall,
    type ChatCompletionMessageParam,
    type ChatCompletionMessageToolCall,
    type ChatCompletionModality,
    type ChatCompletionNamedToolChoice,
    type ChatCompletionNamedToolChoiceCustom,
    type ChatCompletionParseParams,
    type ChatCompletionPredictionContent,
    type ChatCompletionReasoningEffort,
    type ChatCompletionRole,
    type ChatCompletionStreamOptions,
    type ChatCompletionStreamParams,
    type ChatCompletionSystemMessageParam,
    type ChatCompletionTokenLogprob,
    type ChatCompletionTool,
    type ChatCompletionToolChoiceOption,
    type ChatCompletionToolMessageParam,
    type ChatCompletionUserMessageParam,
    type ParsedChatCompletion,
    type ParsedChatCompletionMessage,
    type ParsedChoice,
    type ParsedFunctionToolCall,
    type ChatModel,
    type CompletionUsage,
    type FunctionDefinition,
    type FunctionParameters,
    type Metadata,
    type Model,
    type ReasoningEffort,
    type ResponseFormatJSONObject,
    type ResponseFormatJSONSchema,
    type ResponseFormatText,
  };
  export type Audio = OurAudio;
  export namespace Audio {
    export type Speech = AudioSpeech;
    export { type SpeechCreateParams, type SpeechModel };
  }
  export type Models = OurModels;
  export namespace Models {
    export { type Model, type ModelsPage };
  }
}

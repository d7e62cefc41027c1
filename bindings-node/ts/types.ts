/** The types of requests, named as the service names them, and of replies. Fields that are not listed pass through unchanged. */

import type { ChatCompletionMessageToolCall, FunctionCall, Open, ServiceTier } from './reply-types.js';

export type * from './reply-types.js';

export type ChatModel = Open<'gpt-4o' | 'gpt-4o-mini' | 'gpt-4.1' | 'gpt-4.1-mini' | 'gpt-5' | 'gpt-5-mini' | 'o3' | 'o4-mini'>;
export type PromptCacheRetention = Open<'in_memory' | '24h'>;
export type ReasoningEffort = Open<'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh'>;

/** Marks how far a prompt is to be kept by the service's cache. */
export interface PromptCacheBreakpoint {
  mode: 'explicit';
}

export interface ChatCompletionContentPartText {
  type: 'text';
  text: string;
  prompt_cache_breakpoint?: PromptCacheBreakpoint;
}

export interface ChatCompletionContentPartImage {
  type: 'image_url';
  image_url: { url: string; detail?: Open<'auto' | 'low' | 'high'> };
  prompt_cache_breakpoint?: PromptCacheBreakpoint;
}

export interface ChatCompletionContentPartInputAudio {
  type: 'input_audio';
  input_audio: { data: string; format: 'wav' | 'mp3' };
  prompt_cache_breakpoint?: PromptCacheBreakpoint;
}

export interface ChatCompletionContentPartFile {
  type: 'file';
  file: { file_data?: string; file_id?: string; filename?: string };
  prompt_cache_breakpoint?: PromptCacheBreakpoint;
}

export interface ChatCompletionContentPartRefusal {
  type: 'refusal';
  refusal: string;
}

export type ChatCompletionContentPart =
  | ChatCompletionContentPartText
  | ChatCompletionContentPartImage
  | ChatCompletionContentPartInputAudio
  | ChatCompletionContentPartFile;

export interface ChatCompletionDeveloperMessageParam {
  role: 'developer';
  content: string | ChatCompletionContentPartText[];
  name?: string;
}

export interface ChatCompletionSystemMessageParam {
  role: 'system';
  content: string | ChatCompletionContentPartText[];
  name?: string;
}

export interface ChatCompletionUserMessageParam {
  role: 'user';
  content: string | ChatCompletionContentPart[];
  name?: string;
}

export interface ChatCompletionAssistantMessageParam {
  role: 'assistant';
  content?: string | (ChatCompletionContentPartText | ChatCompletionContentPartRefusal)[] | null;
  audio?: { id: string } | null;
  function_call?: FunctionCall | null;
  name?: string;
  refusal?: string | null;
  tool_calls?: ChatCompletionMessageToolCall[];
}

export interface ChatCompletionToolMessageParam {
  role: 'tool';
  content: string | ChatCompletionContentPartText[];
  tool_call_id: string;
}

export interface ChatCompletionFunctionMessageParam {
  role: 'function';
  content: string | null;
  name: string;
}

export type ChatCompletionMessageParam =
  | ChatCompletionDeveloperMessageParam
  | ChatCompletionSystemMessageParam
  | ChatCompletionUserMessageParam
  | ChatCompletionAssistantMessageParam
  | ChatCompletionToolMessageParam
  | ChatCompletionFunctionMessageParam;

export interface FunctionDefinition {
  name: string;
  description?: string;
  parameters?: Record<string, unknown>;
  strict?: boolean | null;
}

export interface ChatCompletionFunctionTool {
  type: 'function';
  function: FunctionDefinition;
}

export interface ChatCompletionCustomTool {
  type: 'custom';
  custom: {
    name: string;
    description?: string;
    format?: { type: 'text' } | { type: 'grammar'; grammar: { definition: string; syntax: 'lark' | 'regex' } };
  };
}

export type ChatCompletionTool = ChatCompletionFunctionTool | ChatCompletionCustomTool;

export type ChatCompletionToolChoiceOption =
  | 'none'
  | 'auto'
  | 'required'
  | { type: 'function'; function: { name: string } }
  | { type: 'custom'; custom: { name: string } }
  | { type: 'allowed_tools'; allowed_tools: { mode: 'auto' | 'required'; tools: Record<string, unknown>[] } };

export interface ResponseFormatText {
  type: 'text';
}

export interface ResponseFormatJSONObject {
  type: 'json_object';
}

export interface ResponseFormatJSONSchema {
  type: 'json_schema';
  json_schema: {
    name: string;
    description?: string;
    schema?: Record<string, unknown>;
    strict?: boolean | null;
  };
}

export type ResponseFormat = ResponseFormatText | ResponseFormatJSONObject | ResponseFormatJSONSchema;

/** The policy for input and output that a moderation model flags. */
export interface Moderation {
  model: string;
  policy?: { input?: { mode: 'score' | 'block' } | null; output?: { mode: 'score' | 'block' } | null } | null;
}

export interface WebSearchOptions {
  search_context_size?: 'low' | 'medium' | 'high';
  user_location?: {
    type: 'approximate';
    approximate: { city?: string; country?: string; region?: string; timezone?: string };
  } | null;
}

export interface ChatCompletionStreamOptions {
  include_usage?: boolean;
  include_obfuscation?: boolean;
}

export interface ChatCompletionCreateParamsBase {
  messages: ChatCompletionMessageParam[];
  model: ChatModel;
  audio?: { format: Open<'wav' | 'mp3' | 'flac' | 'opus' | 'pcm16'>; voice: string | { id: string } } | null;
  frequency_penalty?: number | null;
  /** The older form of `tool_choice`. */
  function_call?: 'none' | 'auto' | { name: string };
  /** The older form of `tools`. */
  functions?: { name: string; description?: string; parameters?: Record<string, unknown> }[];
  logit_bias?: Record<string, number> | null;
  logprobs?: boolean | null;
  max_completion_tokens?: number | null;
  max_tokens?: number | null;
  metadata?: Record<string, string> | null;
  modalities?: ('text' | 'audio')[] | null;
  moderation?: Moderation | null;
  n?: number | null;
  parallel_tool_calls?: boolean;
  prediction?: { type: 'content'; content: string | ChatCompletionContentPartText[] } | null;
  presence_penalty?: number | null;
  prompt_cache_key?: string | null;
  prompt_cache_options?: { mode?: 'implicit' | 'explicit'; ttl?: Open<'30m'> };
  prompt_cache_retention?: PromptCacheRetention | null;
  reasoning_effort?: ReasoningEffort | null;
  response_format?: ResponseFormat;
  safety_identifier?: string | null;
  seed?: number | null;
  service_tier?: ServiceTier | null;
  stop?: string | string[] | null;
  store?: boolean | null;
  stream?: boolean | null;
  stream_options?: ChatCompletionStreamOptions | null;
  temperature?: number | null;
  tool_choice?: ChatCompletionToolChoiceOption;
  tools?: ChatCompletionTool[];
  top_logprobs?: number | null;
  top_p?: number | null;
  user?: string;
  verbosity?: Open<'low' | 'medium' | 'high'> | null;
  web_search_options?: WebSearchOptions;
}

export interface ChatCompletionCreateParamsNonStreaming extends ChatCompletionCreateParamsBase {
  stream?: false | null;
}

export interface ChatCompletionCreateParamsStreaming extends ChatCompletionCreateParamsBase {
  stream: true;
}

export type ChatCompletionCreateParams =
  | ChatCompletionCreateParamsNonStreaming
  | ChatCompletionCreateParamsStreaming;

/** The request of `.stream()`, which always streams. */
export type ChatCompletionStreamParams = Omit<ChatCompletionCreateParamsBase, 'stream'> & { stream?: true };

/** The names that programs have for parts of these, as in the `openai` package: `ChatCompletionChunk.Choice.Delta`. */
export declare namespace ChatCompletionContentPartImage {
  type ImageURL = ChatCompletionContentPartImage['image_url'];
}

export declare namespace ChatCompletionContentPartInputAudio {
  type InputAudio = ChatCompletionContentPartInputAudio['input_audio'];
}

export declare namespace ResponseFormatJSONSchema {
  type JSONSchema = ResponseFormatJSONSchema['json_schema'];
}

export declare namespace ChatCompletionCreateParams {
  type Function = NonNullable<ChatCompletionCreateParamsBase['functions']>[number];
  type WebSearchOptions = import('./types.js').WebSearchOptions;
  type ChatCompletionCreateParamsNonStreaming = import('./types.js').ChatCompletionCreateParamsNonStreaming;
  type ChatCompletionCreateParamsStreaming = import('./types.js').ChatCompletionCreateParamsStreaming;
}

export type ChatCompletionModality = 'text' | 'audio';
export type ChatCompletionReasoningEffort = ReasoningEffort | null;
export type ChatCompletionFunctionCallOption = { name: string };
export type ChatCompletionPredictionContent = NonNullable<ChatCompletionCreateParamsBase['prediction']>;
export type ChatCompletionAudioParam = NonNullable<ChatCompletionCreateParamsBase['audio']>;
export type ChatCompletionNamedToolChoice = { type: 'function'; function: { name: string } };
export type ChatCompletionNamedToolChoiceCustom = { type: 'custom'; custom: { name: string } };
export type ChatCompletionParseParams = ChatCompletionCreateParamsNonStreaming;
export type FunctionParameters = Record<string, unknown>;
export type Metadata = Record<string, string>;

/** The types of replies, named as the service names them. Fields that are not listed pass through unchanged. */

/** A word that the service may know more of than this version. */
export type Open<Known extends string> = Known | (string & {});

export type ServiceTier = Open<'auto' | 'default' | 'flex' | 'scale' | 'priority'>;
export type FinishReason = Open<'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call'>;
export interface FunctionCall {
  name: string;
  arguments: string;
}

export interface ChatCompletionMessageFunctionToolCall {
  id: string;
  type: 'function';
  function: FunctionCall;
}

export interface ChatCompletionMessageCustomToolCall {
  id: string;
  type: 'custom';
  custom: { name: string; input: string };
}

export type ChatCompletionMessageToolCall =
  | ChatCompletionMessageFunctionToolCall
  | ChatCompletionMessageCustomToolCall;

export interface ChatCompletionMessage {
  role: 'assistant';
  content: string | null;
  refusal: string | null;
  annotations?: {
    type: 'url_citation';
    url_citation: { start_index: number; end_index: number; title: string; url: string };
  }[];
  audio?: { id: string; data: string; expires_at: number; transcript: string } | null;
  function_call?: FunctionCall | null;
  tool_calls?: ChatCompletionMessageToolCall[];
}

export interface TopLogprob {
  token: string;
  bytes: number[] | null;
  logprob: number;
}

export interface ChatCompletionTokenLogprob extends TopLogprob {
  top_logprobs: TopLogprob[];
}

export interface Logprobs {
  content: ChatCompletionTokenLogprob[] | null;
  refusal: ChatCompletionTokenLogprob[] | null;
}

export interface CompletionUsage {
  completion_tokens: number;
  prompt_tokens: number;
  total_tokens: number;
  completion_tokens_details?: {
    accepted_prediction_tokens?: number;
    audio_tokens?: number;
    reasoning_tokens?: number;
    rejected_prediction_tokens?: number;
  };
  prompt_tokens_details?: {
    audio_tokens?: number;
    cache_write_tokens?: number;
    cached_tokens?: number;
    image_tokens?: number;
    text_tokens?: number;
  };
}

export interface ChatCompletionChoice<Message = ChatCompletionMessage> {
  index: number;
  finish_reason: FinishReason;
  logprobs: Logprobs | null;
  message: Message;
}

export interface ChatCompletion<Message = ChatCompletionMessage> {
  id: string;
  object: 'chat.completion';
  created: number;
  model: string;
  choices: ChatCompletionChoice<Message>[];
  service_tier?: ServiceTier | null;
  system_fingerprint?: string;
  usage?: CompletionUsage;
  metadata?: Record<string, string> | null;
  moderation?: unknown;
  /** The service's id of the request. */
  _request_id?: string | null;
}

/** A tool call whose arguments were read: by the tool's own reader, or as JSON if the tool is strict. */
export interface ParsedFunctionToolCall extends ChatCompletionMessageFunctionToolCall {
  function: FunctionCall & { parsed_arguments?: unknown };
}

/** A message whose content was read as the JSON that `response_format` asks for. */
export interface ParsedChatCompletionMessage<Parsed = unknown> extends ChatCompletionMessage {
  parsed: Parsed | null;
  tool_calls?: (ParsedFunctionToolCall | ChatCompletionMessageCustomToolCall)[];
}

export type ParsedChatCompletion<Parsed = unknown> = ChatCompletion<ParsedChatCompletionMessage<Parsed>>;

export interface ChatCompletionChunkDelta {
  role?: Open<'developer' | 'system' | 'user' | 'assistant' | 'tool'>;
  content?: string | null;
  refusal?: string | null;
  audio?: { id?: string; data?: string; expires_at?: number; transcript?: string } | null;
  function_call?: Partial<FunctionCall>;
  tool_calls?: ChatCompletionChunkToolCall[];
}

export interface ChatCompletionChunkToolCall {
  index: number;
  id?: string;
  type?: Open<'function' | 'custom'>;
  function?: { name?: string; arguments?: string };
  custom?: { name?: string; input?: string };
}

export interface ChatCompletionChunkChoice {
  index: number;
  delta: ChatCompletionChunkDelta;
  finish_reason: FinishReason | null;
  logprobs?: Logprobs | null;
}

export interface ChatCompletionChunk {
  id: string;
  object: 'chat.completion.chunk';
  created: number;
  model: string;
  choices: ChatCompletionChunkChoice[];
  service_tier?: ServiceTier | null;
  system_fingerprint?: string;
  usage?: CompletionUsage | null;
  moderation?: unknown;
  /** Padding, so that the length of a message on the network tells nothing of the text's. */
  obfuscation?: string;
}

export interface Model {
  id: string;
  object: 'model';
  created: number;
  owned_by: string;
  shutdown_date?: string | null;
}

/** The names that programs have for parts of these, as in the `openai` package: `ChatCompletionChunk.Choice.Delta`. */
export declare namespace ChatCompletionChunk {
  type Choice = ChatCompletionChunkChoice;
  namespace Choice {
    type Delta = ChatCompletionChunkDelta;
    type Logprobs = import('./reply-types.js').Logprobs;
    namespace Delta {
      type FunctionCall = Partial<import('./reply-types.js').FunctionCall>;
      type ToolCall = ChatCompletionChunkToolCall;
      namespace ToolCall {
        type Function = NonNullable<ChatCompletionChunkToolCall['function']>;
      }
    }
  }
}

export declare namespace ChatCompletion {
  type Choice = ChatCompletionChoice;
  namespace Choice {
    type Logprobs = import('./reply-types.js').Logprobs;
  }
}

export declare namespace ChatCompletionMessage {
  type Annotation = NonNullable<ChatCompletionMessage['annotations']>[number];
  type FunctionCall = import('./reply-types.js').FunctionCall;
}

export declare namespace ChatCompletionMessageFunctionToolCall {
  type Function = FunctionCall;
}

export declare namespace ChatCompletionMessageCustomToolCall {
  type Custom = ChatCompletionMessageCustomToolCall['custom'];
}

export declare namespace ChatCompletionTokenLogprob {
  type TopLogprob = import('./reply-types.js').TopLogprob;
}

export declare namespace CompletionUsage {
  type CompletionTokensDetails = NonNullable<CompletionUsage['completion_tokens_details']>;
  type PromptTokensDetails = NonNullable<CompletionUsage['prompt_tokens_details']>;
}

export type ChatCompletionRole = Open<'developer' | 'system' | 'user' | 'assistant' | 'tool' | 'function'>;
export type ChatCompletionAudio = NonNullable<ChatCompletionMessage['audio']>;
export type ParsedChoice<Parsed = unknown> = ChatCompletionChoice<ParsedChatCompletionMessage<Parsed>>;

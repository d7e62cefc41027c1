/** A streamed reply as far as it has come: what its chunks add up to. */

import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionChunkDelta,
  ChatCompletionChunkToolCall,
  ChatCompletionMessage,
  ChatCompletionMessageToolCall,
  FinishReason,
  Logprobs,
} from './types.js';

export interface ToolCallSnapshot {
  id: string;
  type: 'function';
  function: { name: string; arguments: string; parsed_arguments?: unknown };
}

export interface MessageSnapshot extends Omit<ChatCompletionChunkDelta, 'tool_calls' | 'audio'> {
  audio?: Partial<NonNullable<ChatCompletionMessage['audio']>> | null;
  /** What the text says so far, if the format that was asked for is one that reads it. */
  parsed?: unknown;
  tool_calls?: ToolCallSnapshot[];
}

export interface ChoiceSnapshot {
  index: number;
  finish_reason: FinishReason | null;
  logprobs: Logprobs | null;
  message: MessageSnapshot;
}

export interface ChatCompletionSnapshot extends Omit<ChatCompletionChunk, 'choices' | 'object'> {
  choices: ChoiceSnapshot[];
}

/** The same snapshot, if there is one, with what the chunk adds. Fields that nobody modelled are kept as they came last. */
export function added(snapshot: ChatCompletionSnapshot | undefined, chunk: ChatCompletionChunk): ChatCompletionSnapshot {
  const { choices, obfuscation: _, ...head } = chunk as ChatCompletionChunk & { obfuscation?: string };
  const sum = snapshot ?? { ...head, choices: [] };
  if (snapshot && chunk.id) Object.assign(snapshot, head);
  for (const { index = 0, delta, finish_reason, logprobs, ...more } of choices ?? []) {
    const choice = (sum.choices[index] ??= { index, finish_reason: null, logprobs: null, message: {} });
    Object.assign(choice, more);
    if (finish_reason) choice.finish_reason = finish_reason;
    if (logprobs) choice.logprobs = withLogprobs(choice.logprobs, logprobs);
    // A service that does not stream answers with its whole reply: it is the one chunk, and adds all.
    const adds = delta ?? (more as { message?: ChatCompletionChunkDelta }).message;
    if (delta === undefined && adds) choice.message = {};
    if (adds) addDelta(choice.message, adds);
  }
  return sum;
}

function withLogprobs(sum: Logprobs | null, { content, refusal, ...more }: Logprobs): Logprobs {
  if (!sum) return { ...more, content: content && [...content], refusal: refusal && [...refusal] };
  if (content) (sum.content ??= []).push(...content);
  if (refusal) (sum.refusal ??= []).push(...refusal);
  return Object.assign(sum, more);
}

function addDelta(message: MessageSnapshot, delta: ChatCompletionChunkDelta): void {
  const { role, content, refusal, tool_calls, audio, function_call, ...more } = delta;
  Object.assign(message, more);
  if (role) message.role = role;
  if (content != null) message.content = (message.content ?? '') + content;
  if (refusal) message.refusal = (message.refusal ?? '') + refusal;
  if (audio) {
    const { data, transcript, ...rest } = audio;
    const sum = Object.assign((message.audio ??= {}), rest);
    if (data != null) sum.data = (sum.data ?? '') + data;
    if (transcript != null) sum.transcript = (sum.transcript ?? '') + transcript;
  }
  if (function_call) {
    const sum = (message.function_call ??= { arguments: '' });
    if (function_call.name) sum.name = function_call.name;
    sum.arguments = (sum.arguments ?? '') + (function_call.arguments ?? '');
  }
  for (const [at, call] of (tool_calls ?? []).entries()) {
    addToolCall((message.tool_calls ??= []), call.index ?? at, call);
  }
}

function addToolCall(calls: ToolCallSnapshot[], at: number, part: ChatCompletionChunkToolCall): void {
  const { index: _, id, type, function: called, ...more } = part;
  const sum = Object.assign((calls[at] ??= {} as ToolCallSnapshot), more);
  if (id) sum.id = id;
  if (type) sum.type = type;
  if (!called) return;
  const { name, arguments: given, ...rest } = called;
  sum.function = Object.assign((sum.function ??= { name: '', arguments: '' }), rest);
  if (name) sum.function.name = name;
  if (given) sum.function.arguments += given;
}

/**
 * The snapshot of a stream that has ended, in the words of a whole reply: what a service always sends there is in it,
 * also when it is nothing. What core put together from the same chunks, if it did, wins over the snapshot.
 */
export function completed(snapshot: ChatCompletionSnapshot, reply: ChatCompletion | undefined): ChatCompletion {
  const choices = snapshot.choices.map((seen) => {
    const told = reply?.choices.find((choice) => choice.index === seen.index);
    const message = { ...seen.message, ...told?.message };
    const calls = callsOf(seen.message.tool_calls, told?.message.tool_calls);
    return {
      ...seen,
      ...told,
      logprobs: seen.logprobs,
      message: {
        ...message,
        role: 'assistant' as const,
        content: message.content ?? null,
        refusal: message.refusal ?? null,
        ...(calls && { tool_calls: calls }),
      },
    };
  });
  return { ...snapshot, ...reply, object: 'chat.completion', choices } as ChatCompletion;
}

function callsOf(
  seen: ToolCallSnapshot[] | undefined,
  told: ChatCompletionMessageToolCall[] | undefined,
): ChatCompletionMessageToolCall[] | undefined {
  return seen?.map((call, at) => {
    const { parsed_arguments: _, ...called } = call.function ?? {};
    const known = told?.[at];
    const more = known?.type === 'function' ? known.function : undefined;
    return { ...call, ...known, function: { ...called, ...more } } as ChatCompletionMessageToolCall;
  });
}

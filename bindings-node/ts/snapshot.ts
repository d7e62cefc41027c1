/** A streamed reply so far. Core decides what each chunk changes; its operations are applied here. */

import { OpenAIError, TruncatedStreamError } from './errors.js';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionChunkDelta,
  ChatCompletionMessage,
  FinishReason,
  Logprobs,
} from './types.js';

export interface FunctionToolCallSnapshot {
  id: string;
  type: 'function';
  function: { name: string; arguments: string; parsed_arguments?: unknown };
}

export interface CustomToolCallSnapshot {
  id: string;
  type: 'custom';
  custom: { name: string; input: string };
}

export type ToolCallSnapshot = FunctionToolCallSnapshot | CustomToolCallSnapshot;

export interface MessageSnapshot extends Omit<ChatCompletionChunkDelta, 'tool_calls' | 'audio'> {
  audio?: Partial<NonNullable<ChatCompletionMessage['audio']>> | null;
  /** The value of the text so far, if the requested format is parsed. */
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

/** A step of a path: a field, a place in a list, or in a list of its own, a field that the service has named. */
type Step = string | number | [string];

export type Operation = [name: 'set' | 'append' | 'extend' | 'insert', path: Step[], value: any];

/** The snapshot before the first chunk. */
export function begun(chunk: ChatCompletionChunk): ChatCompletionSnapshot {
  const snapshot = { object: chunk.object ?? 'chat.completion.chunk', choices: [] };
  return snapshot as unknown as ChatCompletionSnapshot;
}

/** Applies the changes of a chunk; `turnwire::bridge::Progress` in core describes them. */
export function apply(snapshot: ChatCompletionSnapshot, operations: Operation[]): void {
  for (const [name, path, value] of operations) {
    const last = path.at(-1);
    if (last === undefined) continue;
    const holder = path.slice(0, -1).reduce<unknown>(at, snapshot);
    if (name === 'set') {
      put(holder, last, value);
    } else if (name === 'append') {
      put(holder, last, `${at(holder, last) ?? ''}${value}`);
    } else if (name === 'extend') {
      const list = at(holder, last);
      if (Array.isArray(list)) for (const item of value) list.push(item);
      else put(holder, last, [...value]);
    } else {
      insert(snapshot, path, value);
    }
  }
}

function insert(snapshot: ChatCompletionSnapshot, path: Step[], value: unknown): void {
  const list = path.slice(0, -1).reduce<unknown>(at, snapshot);
  if (Array.isArray(list)) list.splice(path.at(-1) as number, 0, value);
  else put(path.slice(0, -2).reduce<unknown>(at, snapshot), path.at(-2) as Step, [value]);
}

function keyOf(step: Step): string | number {
  return Array.isArray(step) ? step[0] : step;
}

/** The value there; a name that the service chose reaches nothing inherited. */
function at(holder: unknown, step: Step): unknown {
  const key = keyOf(step);
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined;
  return (holder as Record<string | number, unknown>)[key];
}

/** Sets the value there as the object's own property, whatever its name. */
function put(holder: unknown, step: Step, value: unknown): void {
  if (typeof holder !== 'object' || holder === null) return;
  Object.defineProperty(holder, keyOf(step), { value, writable: true, enumerable: true, configurable: true });
}

/**
 * The snapshot of an ended stream as a whole reply, with the fields that a whole reply always has. An unfinished reply is
 * an error, as in the `openai` package.
 */
export function completed(snapshot: ChatCompletionSnapshot): ChatCompletion {
  const choices = snapshot.choices.map(({ message, ...choice }) => {
    const finish_reason = choice.finish_reason ?? (isWholeAudio(message.audio) ? 'stop' : null);
    if (!finish_reason) throw unfinished(choice.index, snapshot);
    return { ...choice, finish_reason, message: whole(message) };
  });
  return { ...snapshot, object: 'chat.completion', choices } as unknown as ChatCompletion;
}

function unfinished(index: number, { choices }: ChatCompletionSnapshot): OpenAIError {
  const error = new TruncatedStreamError({ message: `the stream ended with a missing finish_reason for choice ${index}` });
  return Object.assign(error, {
    errorCode: 'truncated',
    operation: 'chat.stream',
    retryable: true,
    partial: choices[0]?.message.content ?? '',
  });
}

function whole({ parsed: _, ...message }: MessageSnapshot): object {
  const calls = message.tool_calls?.map((call) => {
    if (call.type !== 'function') return call;
    const { parsed_arguments: _, ...called } = call.function;
    return { ...call, function: called };
  });
  return {
    ...message,
    role: message.role ?? 'assistant',
    content: message.content ?? null,
    refusal: message.refusal ?? null,
    ...(calls && { tool_calls: calls }),
  };
}

/** Audio ends with its expiry, in some services without a finish reason. */
function isWholeAudio(audio: MessageSnapshot['audio']): boolean {
  return [audio?.id, audio?.data, audio?.transcript, audio?.expires_at].every((part) => part !== undefined && part !== null);
}

/** What is told of a streamed reply while it comes: which events its chunks make. */

import { formatReader, hasReader, toolReader, type Asked } from './parse.js';
import { ContentFilterFinishReasonError, LengthFinishReasonError } from './errors.js';
import { readPartial } from './partial.js';
import { added, type ChatCompletionSnapshot, type ChoiceSnapshot } from './snapshot.js';
import type { ChatCompletionChunk, ChatCompletionChunkChoice, ChatCompletionTokenLogprob } from './types.js';

export interface ProgressEvents<Parsed = unknown> {
  /** A chunk, and the reply with it. */
  chunk: (chunk: ChatCompletionChunk, snapshot: ChatCompletionSnapshot) => void;
  /** More text of a reply, and its text so far. */
  content: (delta: string, snapshot: string) => void;
  'content.delta': (event: { delta: string; snapshot: string; parsed: unknown }) => void;
  'content.done': (event: { content: string; parsed: Parsed | null }) => void;
  'refusal.delta': (event: { delta: string; snapshot: string }) => void;
  'refusal.done': (event: { refusal: string }) => void;
  'tool_calls.function.arguments.delta': (event: ToolCallArguments & { arguments_delta: string }) => void;
  'tool_calls.function.arguments.done': (event: ToolCallArguments) => void;
  'logprobs.content.delta': (event: { content: ChatCompletionTokenLogprob[]; snapshot: ChatCompletionTokenLogprob[] }) => void;
  'logprobs.content.done': (event: { content: ChatCompletionTokenLogprob[] }) => void;
  'logprobs.refusal.delta': (event: { refusal: ChatCompletionTokenLogprob[]; snapshot: ChatCompletionTokenLogprob[] }) => void;
  'logprobs.refusal.done': (event: { refusal: ChatCompletionTokenLogprob[] }) => void;
}

/** The arguments of a tool call so far, or all of them, and what they say if the tool is one whose calls are read. */
export interface ToolCallArguments {
  name: string;
  index: number;
  arguments: string;
  parsed_arguments: unknown;
}

type Tell<Parsed> = <Name extends keyof ProgressEvents<Parsed>>(
  name: Name,
  ...args: Parameters<ProgressEvents<Parsed>[Name]>
) => void;

export class Progress<Parsed> {
  snapshot: ChatCompletionSnapshot | undefined;
  #asked: Asked;
  #tell: Tell<Parsed>;
  /** The `done` events that were told, by their names and the choice that they are of. */
  #done = new Set<string>();
  /** The tool call of each choice that is being written. */
  #open = new Map<number, number>();

  constructor(asked: Asked, tell: Tell<Parsed>) {
    this.#asked = asked;
    this.#tell = tell;
  }

  /** Adds a chunk, and tells what is new. */
  add(chunk: ChatCompletionChunk): void {
    const snapshot = (this.snapshot = added(this.snapshot, chunk));
    const choices = (chunk.choices ?? []).map((part) => ({ part, sum: snapshot.choices[part.index ?? 0] as ChoiceSnapshot }));
    for (const { part, sum } of choices) this.#read(part, sum);
    this.#tell('chunk', chunk, snapshot);
    for (const { part, sum } of choices) this.#tellOf(part, sum);
  }

  /** Reads what is to be read of a reply that is still being written. */
  #read({ delta, finish_reason }: ChatCompletionChunkChoice, { message }: ChoiceSnapshot): void {
    if (finish_reason && hasReader(this.#asked)) {
      if (finish_reason === 'length') throw new LengthFinishReasonError();
      if (finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
    }
    if (delta?.content != null && message.content != null && !message.refusal && formatReader(this.#asked)) {
      message.parsed = readPartial(message.content) ?? null;
    }
    for (const [at, { index = at }] of (delta?.tool_calls ?? []).entries()) {
      const called = message.tool_calls?.[index]?.function;
      if (called?.arguments && toolReader(this.#asked, called.name)) called.parsed_arguments = readPartial(called.arguments);
    }
  }

  #tellOf({ delta, logprobs }: ChatCompletionChunkChoice, choice: ChoiceSnapshot): void {
    const { message, index } = choice;
    if (delta?.content != null && message.content) {
      this.#tell('content', delta.content, message.content);
      this.#tell('content.delta', { delta: delta.content, snapshot: message.content, parsed: message.parsed });
    }
    if (delta?.refusal != null && message.refusal) {
      this.#tell('refusal.delta', { delta: delta.refusal, snapshot: message.refusal });
    }
    if (logprobs?.content) {
      this.#tell('logprobs.content.delta', { content: logprobs.content, snapshot: choice.logprobs?.content ?? [] });
    }
    if (logprobs?.refusal) {
      this.#tell('logprobs.refusal.delta', { refusal: logprobs.refusal, snapshot: choice.logprobs?.refusal ?? [] });
    }
    if (choice.finish_reason) {
      this.#tellTextDone(choice);
      this.#tellCallDone(choice);
    }
    const calls = [...(delta?.tool_calls ?? []).entries()].map(([at, call]) => ({ ...call, index: call.index ?? at }));
    for (const call of calls) {
      if (this.#open.get(index) !== call.index) {
        this.#tellTextDone(choice);
        this.#tellCallDone(choice);
      }
      this.#open.set(index, call.index);
    }
    for (const call of calls) {
      const sum = message.tool_calls?.[call.index];
      if (sum?.type !== 'function') continue;
      const { name, arguments: given, parsed_arguments } = sum.function;
      const delta = call.function?.arguments ?? '';
      this.#tell('tool_calls.function.arguments.delta', { name, index: call.index, arguments: given, parsed_arguments, arguments_delta: delta });
    }
  }

  #tellTextDone({ index, message, logprobs }: ChoiceSnapshot): void {
    const { content, refusal } = message;
    if (content && this.#isFirst('content', index)) {
      const read = formatReader(this.#asked);
      this.#tell('content.done', { content, parsed: read ? (read(content) as Parsed) : null });
    }
    if (refusal && this.#isFirst('refusal', index)) this.#tell('refusal.done', { refusal });
    if (logprobs?.content && this.#isFirst('logprobs.content', index)) {
      this.#tell('logprobs.content.done', { content: logprobs.content });
    }
    if (logprobs?.refusal && this.#isFirst('logprobs.refusal', index)) {
      this.#tell('logprobs.refusal.done', { refusal: logprobs.refusal });
    }
  }

  #tellCallDone({ index, message }: ChoiceSnapshot): void {
    const at = this.#open.get(index);
    const call = at === undefined ? undefined : message.tool_calls?.[at];
    if (at === undefined || call?.type !== 'function' || !this.#isFirst(`call ${at}`, index)) return;
    const { name, arguments: given } = call.function;
    const parsed = toolReader(this.#asked, name)?.(given) ?? null;
    this.#tell('tool_calls.function.arguments.done', { name, index: at, arguments: given, parsed_arguments: parsed });
  }

  #isFirst(what: string, index: number): boolean {
    const name = `${what} of ${index}`;
    const isFirst = !this.#done.has(name);
    this.#done.add(name);
    return isFirst;
  }
}

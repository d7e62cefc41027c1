/** The events of a streamed reply: core's events for each chunk, in the form of the `openai` package. */

import { fromThrown } from './core-error.js';
import { ContentFilterFinishReasonError, LengthFinishReasonError } from './errors.js';
import { native } from './native.js';
import { formatReader, hasReader, toolReader, type Requested } from './parse.js';
import { readPartial } from './partial.js';
import { apply, begun, type ChatCompletionSnapshot, type ChoiceSnapshot, type FunctionToolCallSnapshot, type Operation } from './snapshot.js';
import type { ChatCompletionChunk, ChatCompletionTokenLogprob } from './types.js';

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

/** The arguments of a tool call so far, or all of them, and their value if the tool's calls are parsed. */
export interface ToolCallArguments {
  name: string;
  index: number;
  arguments: string;
  parsed_arguments: unknown;
}

type Emit<Parsed> = <Name extends keyof ProgressEvents<Parsed>>(
  name: Name,
  ...args: Parameters<ProgressEvents<Parsed>[Name]>
) => void;

/** The changes and the events of a chunk, as `turnwire::bridge::Progress` in core describes them. */
interface Added {
  ops: Operation[];
  events: Part[];
}

/** The events of one choice, in groups. */
interface Part {
  choice: number;
  text: Event[];
  logprobs: Event[];
  done: Event[];
  calls: Event[];
  last: Event[];
}

type Event =
  | { type: 'content.delta' | 'refusal.delta'; delta: string }
  | { type: 'logprobs.content.delta' | 'logprobs.refusal.delta'; count: number }
  | { type: 'tool_calls.function.arguments.delta'; call: number; index: number; arguments_delta: string }
  | { type: 'tool_calls.function.arguments.done'; call: number; index: number }
  | { type: 'content.done' | 'refusal.done' | 'logprobs.content.done' | 'logprobs.refusal.done' };

/** Incomplete JSON is parsed again when it has grown by this many characters, or by half. */
const EAGER = 1024;

export class Progress<Parsed> {
  snapshot: ChatCompletionSnapshot | undefined;
  #core = new native.Progress();
  #requested: Requested;
  #emit: Emit<Parsed>;
  /** The length of each text when it was last parsed. */
  #read = new Map<string, number>();

  constructor(requested: Requested, emit: Emit<Parsed>) {
    this.#requested = requested;
    this.#emit = emit;
  }

  /** Adds a chunk, and emits its events. */
  add(chunk: ChatCompletionChunk): void {
    const { ops, events } = this.#added(chunk);
    const snapshot = (this.snapshot ??= begun(chunk));
    apply(snapshot, ops);
    const parts = events.map((part) => ({ part, choice: snapshot.choices[part.choice] as ChoiceSnapshot }));
    for (const { part, choice } of parts) this.#parsePart(part, choice);
    this.#emit('chunk', chunk, snapshot);
    for (const { part, choice } of parts) {
      for (const event of [part.text, part.logprobs, part.done, part.calls, part.last].flat()) this.#emitEvent(event, choice);
    }
  }

  #added(chunk: ChatCompletionChunk): Added {
    try {
      return JSON.parse(this.#core.add(JSON.stringify(chunk))) as Added;
    } catch (error) {
      throw fromThrown(error);
    }
  }

  /** Parses the requested parts of a reply that is still incomplete. */
  #parsePart({ text, calls }: Part, choice: ChoiceSnapshot): void {
    choice.finish_reason ??= null;
    choice.logprobs ??= null;
    // A snapshot has a content and a refusal once there are some, as in the `openai` package.
    if (choice.message.content === null) delete choice.message.content;
    if (!choice.message.refusal) delete choice.message.refusal;
    const { message, finish_reason, index } = choice;
    if (finish_reason && hasReader(this.#requested)) {
      if (finish_reason === 'length') throw new LengthFinishReasonError();
      if (finish_reason === 'content_filter') throw new ContentFilterFinishReasonError();
    }
    const { content } = message;
    if (typeof content === 'string' && !message.refusal && formatReader(this.#requested) && text.some(({ type }) => type === 'content.delta')) {
      if (this.#isDue(`${index}`, content)) message.parsed = readPartial(content) ?? null;
    }
    for (const event of calls) {
      const called = 'call' in event ? functionOf(choice, event.call) : undefined;
      if (!called?.arguments || !toolReader(this.#requested, called.name)) continue;
      if ('call' in event && this.#isDue(`${index} ${event.index}`, called.arguments)) {
        called.parsed_arguments = readPartial(called.arguments);
      }
    }
  }

  /** True if a text has grown enough to be parsed again: parsing a long one with each piece takes quadratic time. */
  #isDue(name: string, { length }: string): boolean {
    const last = this.#read.get(name) ?? 0;
    if (length > EAGER && length - last < Math.max(EAGER, last / 2)) return false;
    this.#read.set(name, length);
    return true;
  }

  #emitEvent(event: Event, choice: ChoiceSnapshot): void {
    const { message, logprobs } = choice;
    const { content, refusal } = message;
    switch (event.type) {
      case 'content.delta':
        if (!content) return;
        this.#emit('content', event.delta, content);
        this.#emit('content.delta', { delta: event.delta, snapshot: content, parsed: message.parsed });
        return;
      case 'refusal.delta':
        if (refusal) this.#emit('refusal.delta', { delta: event.delta, snapshot: refusal });
        return;
      case 'logprobs.content.delta': {
        const snapshot = logprobs?.content ?? [];
        this.#emit('logprobs.content.delta', { content: snapshot.slice(snapshot.length - event.count), snapshot });
        return;
      }
      case 'logprobs.refusal.delta': {
        const snapshot = logprobs?.refusal ?? [];
        this.#emit('logprobs.refusal.delta', { refusal: snapshot.slice(snapshot.length - event.count), snapshot });
        return;
      }
      case 'content.done': {
        const read = formatReader(this.#requested);
        if (content) this.#emit('content.done', { content, parsed: read ? (read(content) as Parsed) : null });
        return;
      }
      case 'refusal.done':
        if (refusal) this.#emit('refusal.done', { refusal });
        return;
      case 'logprobs.content.done':
        this.#emit('logprobs.content.done', { content: logprobs?.content ?? [] });
        return;
      case 'logprobs.refusal.done':
        this.#emit('logprobs.refusal.done', { refusal: logprobs?.refusal ?? [] });
        return;
      default:
        this.#emitCallEvent(event, choice);
    }
  }

  #emitCallEvent(event: Extract<Event, { call: number }>, choice: ChoiceSnapshot): void {
    const called = functionOf(choice, event.call);
    if (!called) return;
    const { name, arguments: given, parsed_arguments } = called;
    const { index } = event;
    if (event.type === 'tool_calls.function.arguments.delta') {
      const { arguments_delta } = event;
      this.#emit(event.type, { name, index, arguments: given, parsed_arguments, arguments_delta });
    } else {
      const parsed = toolReader(this.#requested, name)?.(given) ?? null;
      this.#emit(event.type, { name, index, arguments: given, parsed_arguments: parsed });
    }
  }
}

function functionOf({ message }: ChoiceSnapshot, place: number): FunctionToolCallSnapshot['function'] | undefined {
  const call = message.tool_calls?.[place];
  return call?.type === 'function' ? call.function : undefined;
}

/** Types beside those of the `openai` package: it is compiled, not run. A field that one has and the other has not fails. */

import type { SpeechCreateParams } from 'openai/resources/audio/speech';
import type * as theirs from 'openai/resources/chat/completions';
import type { CompletionUsage } from 'openai/resources/completions';
import type { Model } from 'openai/resources/models';
import type * as ours from 'turnwire';

/** The names that `Of` lacks of `All`'s; `true` if there are none. */
type Lacks<All, Of> = [Exclude<keyof All, keyof Of>] extends [never] ? true : Exclude<keyof All, keyof Of>;

export const fields: [
  Lacks<theirs.ChatCompletionCreateParamsBase, ours.ChatCompletionCreateParamsBase>,
  Lacks<ours.ChatCompletionCreateParamsBase, theirs.ChatCompletionCreateParamsBase>,
  Lacks<theirs.ChatCompletionMessage, ours.ChatCompletionMessage>,
  Lacks<theirs.ChatCompletion, ours.ChatCompletion>,
  Lacks<theirs.ChatCompletion.Choice, ours.ChatCompletion.Choice>,
  Lacks<theirs.ChatCompletionChunk, ours.ChatCompletionChunk>,
  Lacks<theirs.ChatCompletionChunk.Choice, ours.ChatCompletionChunk.Choice>,
  Lacks<theirs.ChatCompletionChunk.Choice.Delta, ours.ChatCompletionChunk.Choice.Delta>,
  Lacks<theirs.ChatCompletionChunk.Choice.Delta.ToolCall, ours.ChatCompletionChunk.Choice.Delta.ToolCall>,
  Lacks<CompletionUsage, ours.CompletionUsage>,
  Lacks<CompletionUsage.PromptTokensDetails, NonNullable<ours.CompletionUsage['prompt_tokens_details']>>,
  Lacks<Model, ours.Model>,
  Lacks<SpeechCreateParams, ours.SpeechCreateParams>,
  Lacks<ours.SpeechCreateParams, SpeechCreateParams>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true];

/** Requests written for theirs are accepted. */
export const whole = (params: theirs.ChatCompletionCreateParamsNonStreaming): ours.ChatCompletionCreateParamsNonStreaming => params;
export const spoken = (params: SpeechCreateParams): ours.OpenAI.Audio.SpeechCreateParams => params;
export const streamed = (params: theirs.ChatCompletionCreateParamsStreaming): ours.ChatCompletionCreateParamsStreaming => params;

/** Fields read from theirs exist; values that are not listed are open in ours, and no part of theirs. */
export const reply = (reply: theirs.ChatCompletion): ours.ChatCompletion => reply;
export const chunk = (chunk: theirs.ChatCompletionChunk): ours.ChatCompletionChunk => chunk;

/** Names that programs import from the `openai` package and that stand for nothing here: using one tells so. */

import { absent } from './absent.js';

/** Not here: `new OpenAI({ baseURL, apiKey })` reaches Azure's own chat completions. */
export const AzureOpenAI: new (options?: unknown) => never = absent(
  'AzureOpenAI',
  "use new OpenAI({ baseURL: 'https://<resource>.openai.azure.com/openai/v1', apiKey }), where apiKey may be a function that fetches a token",
);

/** Not here: `new OpenAI({ baseURL, apiKey })` reaches Bedrock's own chat completions. */
export const BedrockOpenAI: new (options?: unknown) => never = absent(
  'BedrockOpenAI',
  "use new OpenAI({ baseURL: 'https://bedrock-runtime.<region>.amazonaws.com/openai/v1', apiKey })",
);

/** Not here: files are uploaded by the `openai` package. */
export const toFile: (...given: unknown[]) => never = absent('toFile', 'use the openai package for uploads, beside this one');

/** Stand-ins for names that programs import from the `openai` package and that turnwire does not have: using one throws. */

import { unsupported } from './unsupported.js';

/** Not supported: `new OpenAI({ baseURL, apiKey })` reaches Azure's own chat completions. */
export const AzureOpenAI: new (options?: unknown) => never = unsupported(
  'AzureOpenAI',
  "use new OpenAI({ baseURL: 'https://<resource>.openai.azure.com/openai/v1', apiKey }), where apiKey may be a function that fetches a token",
);

/** Not supported: `new OpenAI({ baseURL, apiKey })` reaches Bedrock's own chat completions. */
export const BedrockOpenAI: new (options?: unknown) => never = unsupported(
  'BedrockOpenAI',
  "use new OpenAI({ baseURL: 'https://bedrock-runtime.<region>.amazonaws.com/openai/v1', apiKey })",
);

/** Not supported: the `openai` package uploads files. */
export const toFile: (...given: unknown[]) => never = unsupported('toFile', "import it from 'turnwire/openai', beside the openai package");

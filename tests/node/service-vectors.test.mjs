/** The cases of the chat service's client that every language runs: `tests/vectors/service`. */

import * as turnwire from 'turnwire';

import { testCases } from './service-cases.mjs';

testCases(turnwire, { http: { retry: { maxRetries: 0 } } });

/** The cases of the chat service's client that every language runs, by the build for pages: `tests/vectors/service`. */

import * as turnwire from 'turnwire/browser';

import { testCases } from '../node/service-cases.mjs';

testCases(turnwire);

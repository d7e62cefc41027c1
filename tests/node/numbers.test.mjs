/** Numbers in settings and calls, but those of NATS brokers, which are an extra. */

import * as turnwire from 'turnwire';

import { testNumbers } from './numbers.mjs';

testNumbers(turnwire, (object) => object !== 'nats');

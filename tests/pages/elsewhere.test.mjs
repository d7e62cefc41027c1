/** The pages against a service in another process, with its fakes: their addresses are in `TURNWIRE_PAGES`, as JSON. */

import { Fake, FakeStore } from '../node/fake.mjs';
import { pages } from './pages.mjs';

const { service, llm, store } = JSON.parse(process.env.TURNWIRE_PAGES);
pages({ url: service, llm: new Fake(undefined, llm), store: new FakeStore(undefined, store) });

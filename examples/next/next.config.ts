import { join } from 'node:path';

import type { NextConfig } from 'next';

export default {
  // It has a native part, which no bundler takes along.
  serverExternalPackages: ['turnwire'],
  // Of this repository: the package and the offline model lie outside of this folder.
  turbopack: { root: join(import.meta.dirname, '../..') },
} satisfies NextConfig;

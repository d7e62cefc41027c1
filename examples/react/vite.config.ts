/** The page's server for development, with the embedded chat service in it unless the environment names another. */

import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Serves the embedded chat service beside the page, so that the page needs nothing else. */
function embeddedService(): Plugin {
  const serve: Plugin['configureServer'] = async ({ middlewares, config: { env } }) => {
    if (env.VITE_CHAT_URL) return;
    // By its address, or it would be loaded with this file, also where only the page is built.
    const { startService } = await import(new URL('service/service.mjs', import.meta.url).href);
    middlewares.use(await startService());
  };
  return { name: 'embedded-service', configureServer: serve, configurePreviewServer: serve as Plugin['configurePreviewServer'] };
}

export default defineConfig({
  plugins: [react(), embeddedService()],
  // A package that is linked, as from a clone, has no React beside it.
  resolve: { dedupe: ['react', 'react-dom'] },
  server: { port: 5173, host: '127.0.0.1' },
  preview: { port: 5173, host: '127.0.0.1' },
});

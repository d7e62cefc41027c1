/** Pages on turnwire, on the AI SDK and on nothing, with a service that answers at the same pace. */

import http from 'node:http';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

export const PAGES = ['turnwire', 'ai-sdk', 'nothing'];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const now = () => performance.timeOrigin + performance.now();

/** Serves them, and a reply of `tokens` tokens, one a millisecond, to every message. The first one is the time at which it is sent. */
export async function serve(tokens) {
  const code = await build({
    entryPoints: [here('bench-page.jsx')],
    bundle: true,
    minify: true,
    format: 'iife',
    jsx: 'automatic',
    write: false,
    preserveSymlinks: true,
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const html = '<!doctype html><meta charset="utf-8"><title>bench</title><div id="root"></div><script src="/page.js"></script>';
  const server = http.createServer((request, response) => {
    if (request.method === 'POST') {
      request.resume().on('end', () => void reply(response, request.url === '/chat/ui' ? ui : own, tokens));
    } else if (request.url === '/page.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(code.outputFiles[0].contents);
    else response.writeHead(200, { 'content-type': 'text/html' }).end(html);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.closeAllConnections() ?? server.close() };
}

const own = {
  begin: [{ type: 'turn', turnId: 't', messageId: null, replyId: null }],
  token: (content) => ({ type: 'content', content }),
  end: [{ type: 'done' }],
};
const ui = {
  begin: [{ type: 'start' }, { type: 'start-step' }, { type: 'text-start', id: '0' }],
  token: (delta) => ({ type: 'text-delta', id: '0', delta }),
  end: [{ type: 'text-end', id: '0' }, { type: 'finish-step' }, { type: 'finish' }],
};

async function reply(response, wire, tokens) {
  const write = (event) => response.write(`data: ${JSON.stringify(event)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  if (wire === ui) for (const event of wire.begin) write(event);
  else response.flushHeaders();
  await new Promise((resolve) => setTimeout(resolve, 30));
  write(wire.token(`${now()} `));
  const begun = performance.now();
  for (let sent = 1; sent < tokens; ) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (const due = Math.min(tokens, performance.now() - begun); sent < due; sent += 1) write(wire.token(sent % 12 ? '말 ' : '낱말입니다. '));
  }
  for (const event of wire.end) write(event);
  response.end();
}

/** Opens a page in a tab of its own. */
export async function open(browser, url, page) {
  const tab = await browser.newPage({ viewport: { width: 800, height: 600 } });
  await tab.goto(`${url}/${page}`);
  await tab.waitForSelector('main');
  return tab;
}

/** The parts of the time of a page's thread: JavaScript with the collection of its garbage, styles, layout, and the rest, such as paint and the network. */
const PARTS = { task: 'TaskDuration', script: 'ScriptDuration', style: 'RecalcStyleDuration', layout: 'LayoutDuration', other: 'TaskOtherDuration' };

/** Sends a message and measures the page until the reply is complete. Times are in milliseconds; `cpu` is time that the page's thread ran. */
export async function measure(tab) {
  const session = await tab.context().newCDPSession(tab);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metrics = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const before = await metrics();
  const found = await tab.evaluate(async () => {
    window.renders = { list: 0, of: {} };
    window.shifts.length = 0;
    const known = new Set([...document.querySelectorAll('main p')]);
    const begun = performance.now();
    const first = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        const reply = [...document.querySelectorAll('main p.assistant')].find((row) => !known.has(row) && row.textContent);
        if (!reply) return;
        observer.disconnect();
        // After the frame that shows it.
        requestAnimationFrame(() => setTimeout(() => resolve(performance.timeOrigin + performance.now() - parseFloat(reply.textContent))));
      });
      observer.observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true });
    });
    await window.send('물음');
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const { list, of } = window.renders;
    const shift = window.shifts.reduce((sum, value) => sum + value, 0);
    const main = document.querySelector('main');
    return { ms: performance.now() - begun, firstMs: await first, list, of, shift, text: main.lastChild.textContent, status: main.dataset.status };
  });
  const after = await metrics();
  await session.detach();
  const cpu = Object.fromEntries(Object.entries(PARTS).map(([part, name]) => [part, (after[name] - before[name]) * 1000]));
  return { ...found, cpu };
}

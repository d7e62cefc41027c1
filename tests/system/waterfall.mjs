/** Draws turns as waterfalls on one scale: each a list of stages with the time at which its reader saw the first text. */

const WIDTH = 960;
/** The left edge of the time axis; names are left of it. */
const LEFT = 168;
/** Space for the caption of the longest bar. */
const RIGHT = 120;
const [ROW, BAR, HEAD] = [24, 14, 62];
const [DARK, GREY, RED, LINE] = ['#111827', '#6b7280', '#dc2626', '#e5e7eb'];

const STAGES = {
  sentiment: ['sentiment', '#d97706'],
  history: ['history', '#a16207'],
  naming: ['workspace name', '#7c3aed'],
  create_workspace: ['create workspace', '#9333ea'],
  start_session: ['start session', '#c026d3'],
  reply: ['reply', '#2563eb'],
  save_user: ["save user's message", '#059669'],
  save_ai: ["save AI's message", '#0d9488'],
};

/**
 * The picture, SVG on white, so that it reads on any page. Each turn has a `title`, its `stages` (`name`, `began_ms`, `ended_ms` and
 * `outcome`), `first_token_ms` and `total_ms`. The `notes` are lines below the picture's own title.
 */
export function waterfall(title, notes, turns) {
  const end = Math.max(...turns.flatMap(({ total_ms, stages }) => [total_ms, ...stages.map(({ ended_ms }) => ended_ms)]));
  const x = (ms) => round(LEFT + (ms / end) * (WIDTH - LEFT - RIGHT));
  const out = [text(20, 34, title, { size: 19, weight: 600 }), ...notes.map((note, at) => text(20, 56 + 18 * at, note, { fill: GREY, size: 13 }))];
  const top = 56 + 18 * notes.length;
  const blocks = [];
  let y = top;
  for (const turn of turns) {
    blocks.push(...block(turn, y, x));
    y += HEAD + turn.stages.length * ROW + 10;
  }
  const step = [50, 100, 250, 500, 1000, 2500].find((ms) => end / ms <= 9) ?? 5000;
  for (let ms = 0; ms <= end; ms += step) {
    out.push(`<line x1="${x(ms)}" y1="${top + HEAD - 16}" x2="${x(ms)}" y2="${y}" stroke="${LINE}"/>`);
    out.push(text(x(ms), y + 16, ms === 0 ? '0' : time(ms), { fill: GREY, anchor: 'middle' }));
  }
  const height = y + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, 'Noto Sans', sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" rx="6" fill="#fff"/>
${[...out, ...blocks].join('\n')}
</svg>
`;
}

function block({ title, stages, first_token_ms: first, total_ms: total }, top, x) {
  const below = top + HEAD + stages.length * ROW;
  const out = [text(20, top + 24, title, { size: 14, weight: 600 })];
  const marks = [
    [total, GREY, `done ${time(total)}`],
    [first, RED, `first text ${time(first)}`],
  ];
  for (const [at, fill, label] of marks) {
    out.push(`<line x1="${x(at)}" y1="${top + HEAD - 14}" x2="${x(at)}" y2="${below}" stroke="${fill}" stroke-width="1.5" stroke-dasharray="4 3"/>`);
    out.push(text(x(at), top + HEAD - 18, label, { fill, anchor: 'middle', weight: fill === RED ? 600 : 400 }));
  }
  const sorted = stages.toSorted((a, b) => a.began_ms - b.began_ms);
  for (const [at, stage] of sorted.entries()) out.push(...row(stage, first, top + HEAD + at * ROW, x));
  return out;
}

function row({ name, began_ms: began, ended_ms: ended, outcome }, first, y, x) {
  const [label, fill] = STAGES[name];
  const bar = (from, to, opacity) => `<rect x="${x(from)}" y="${y}" width="${Math.max(round(x(to) - x(from)), 2)}" height="${BAR}" rx="3" fill="${fill}" fill-opacity="${opacity}"/>`;
  const isLate = outcome === 'late';
  // The light part of the reply is the time before its first piece.
  const bars = name === 'reply' ? [bar(began, first, 0.3), bar(first, ended, 1)] : [bar(began, ended, isLate ? 0.45 : 1)];
  const note = `${time(ended - began)}${isLate ? ', not waited for' : ''}`;
  return [text(LEFT - 12, y + 11, label, { anchor: 'end' }), ...bars, text(Math.max(x(ended), x(began) + 2) + 6, y + 11, note, { fill: isLate ? GREY : DARK })];
}

const round = (number) => Math.round(number * 10) / 10;

const time = (ms) => (ms < 9.95 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(2))} s`);

/** A text with a white edge, so that lines behind it do not show. */
function text(x, y, words, { fill = DARK, anchor = 'start', size = 12, weight = 400 } = {}) {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}" fill="${fill}" stroke="#fff" stroke-width="3" paint-order="stroke">${escaped}</text>`;
}

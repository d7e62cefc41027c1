/** The times of a reply, as a picture and as a table. */

import { useWords } from '../settings';
import { Dialog } from '../shell/Dialog';
import { inSeconds, stretches, type Times } from './times';

export function TimesDialog({ times, onClose }: { times: Times; onClose: () => void }) {
  const words = useWords();
  const { accepted, firstToken, voices, end, tokens, model } = times;
  const rows: [string, number | null][] = [
    [words.accepted, accepted],
    [words.firstToken, firstToken],
    ...voices.map(({ at }, number): [string, number] => [`${words.sentence} ${number + 1}`, at]),
    [words.end, end],
  ];
  return (
    <Dialog title={words.timelineOf} onClose={onClose}>
      <Picture times={times} />
      <table className="times">
        <thead>
          <tr>
            <th scope="col">{words.step}</th>
            <th scope="col">{words.when}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, at]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{at === null ? '–' : words.seconds(inSeconds(at))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>{[model, tokens === null ? null : words.tokens(tokens)].filter(Boolean).join(' · ')}</p>
    </Dialog>
  );
}

const WIDTH = 640;
const ROW = 44;
const LEFT = 120;

/** A row for each stretch of the time from the message to the end of its reply, and one for the voice. */
function Picture({ times }: { times: Times }) {
  const words = useWords();
  const all = stretches(times);
  const last = Math.max(times.end, ...times.voices.map(({ at }) => at), 1);
  const x = (ms: number) => LEFT + ((WIDTH - LEFT - 90) * ms) / last;
  const height = ROW * (all.length + (times.voices.length > 0 ? 1 : 0)) + 8;
  return (
    <svg className="timeline" viewBox={`0 0 ${WIDTH} ${height}`} aria-hidden="true">
      {all.map(({ name, from, to }, at) => (
        <g key={name} transform={`translate(0 ${at * ROW + 4})`}>
          <text x="0" y="26">
            {words.stretches[name]}
          </text>
          <rect className={name} x={x(from)} y="6" width={Math.max(3, x(to) - x(from))} height={ROW - 14} rx="6" />
          <text x={x(to) + 8} y="26">
            {words.seconds(inSeconds(to - from))}
          </text>
        </g>
      ))}
      {times.voices.length > 0 && (
        <g transform={`translate(0 ${all.length * ROW + 4})`}>
          <text x="0" y="26">
            {words.voice}
          </text>
          {times.voices.map(({ at }, number) => (
            <circle key={number} className="voice" cx={x(at)} cy={ROW / 2 - 1} r="9" />
          ))}
        </g>
      )}
    </svg>
  );
}

/** Draws a history that failed, so that a person sees where it cannot go on. */
import type { Model, Operation } from './history.ts';
import type { Verdict } from './verdict.ts';

type Violation = Extract<Verdict, { readonly type: 'violation' }>;

/** So many operations before the point where the search got stuck, and after it. */
const shownBefore = 30;
const shownAfter = 20;
const widthPx = 1600;
const laneHeightPx = 22;
const marginPx = 110;
/** Room for the labels of the last bars. */
const labelRoomPx = 230;
/** The line above the lanes, for the mark of the dead end. */
const headPx = 20;
const minBarPx = 3;
/** About the width of a letter of a label. */
const letterPx = 5.8;

interface Bar {
  readonly index: number;
  readonly client: string;
  readonly fromMs: number;
  /** Undefined: the outcome is unknown. */
  readonly toMs: number | undefined;
  readonly text: string;
  /** Its place in the order found, from 1; undefined: it has none. */
  readonly place: number | undefined;
  readonly kind: Kind;
}

/** Stuck: it could come next, were it possible. Later: the search never came so far. */
type Kind = 'placed' | 'stuck' | 'later' | 'unknown';

/**
 * A page of its own (HTML with an SVG in it): a lane for each client, a bar for each operation from its
 * call to its answer, numbered in the order that was found; what has no place in it is marked.
 */
export function drawHistory<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  violation: Violation,
): string {
  const deadEndMs = deadEndOf(history, violation);
  const bars = barsOf(model, history, violation, deadEndMs);
  const clients = [...new Set(bars.map(({ client }) => client))].sort();
  const fromMs = bars
    .map((bar) => bar.fromMs)
    .reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY);
  const toMs =
    bars
      .map((bar) => bar.toMs ?? bar.fromMs)
      .reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY) + 1;
  const x = (ms: number): number =>
    marginPx + ((ms - fromMs) / (toMs - fromMs)) * (widthPx - marginPx - labelRoomPx);
  const rows = stack(bars, clients, (bar) => spanOf(bar, x));
  const height = headPx + (rows.count + 2) * laneHeightPx;
  const svg = [
    ...rows.lanes.map(({ client, firstRow, rowCount }, index) =>
      lane(client, firstRow, rowCount, index % 2 === 1),
    ),
    ...ticks(fromMs, toMs).map((ms) => tick(x(ms), ms, height)),
    ...(Number.isFinite(deadEndMs) ? [deadEnd(x(deadEndMs), deadEndMs, height)] : []),
    ...bars.map((bar) => barOf(bar, x, rows.rowOf.get(bar.index) ?? 0)),
  ];
  const [prefix] = violation.prefixes;
  return page(
    violation.key,
    `<p>${escape(violation.message)}</p>
<p class="legend"><span class="placed">in order, by number</span> <span class="stuck">cannot come next</span> <span class="later">not reached</span> <span class="unknown">outcome unknown</span> · ${String(bars.length)} of ${String(violation.operations.length)} operations shown</p>
<div class="scroll"><svg viewBox="0 0 ${String(widthPx)} ${String(height)}" width="${String(widthPx)}" height="${String(height)}" role="img" aria-label="operations over time">
${svg.join('\n')}
</svg></div>
<p>State after the last in order: <b>${escape(prefix?.finalState ?? '')}</b></p>`,
  );
}

/** The first answer among those without a place: by then one of those called before had to take effect. */
function deadEndOf<Call, Answer>(
  history: readonly Operation<Call, Answer>[],
  { unplaced }: Violation,
): number {
  return unplaced.reduce((earliest, index) => {
    const outcome = history[index]?.outcome;
    return outcome?.type === 'answered' ? Math.min(earliest, outcome.atMs) : earliest;
  }, Infinity);
}

function barsOf<State, Call, Answer>(
  model: Model<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
  { operations, prefixes }: Violation,
  deadEndMs: number,
): Bar[] {
  const order = prefixes[0]?.order ?? [];
  const places = new Map(order.map((index, place) => [index, place + 1]));
  // The point where it got stuck: the earliest call among those without a place.
  const stuckAt = operations.findIndex(
    (index) => !places.has(index) && history[index]?.outcome.type === 'answered',
  );
  const shown = operations.slice(Math.max(0, stuckAt - shownBefore), stuckAt + shownAfter);
  return shown.flatMap((index) => {
    const operation = history[index];
    if (operation === undefined) return [];
    const { client, call, calledAtMs, outcome } = operation;
    const answered = outcome.type === 'answered';
    return [
      {
        index,
        client,
        fromMs: calledAtMs,
        toMs: answered ? outcome.atMs : undefined,
        text: model.describe(call, answered ? outcome.answer : undefined),
        place: places.get(index),
        kind: kindOf(operation, places.has(index), deadEndMs),
      },
    ];
  });
}

function kindOf<Call, Answer>(
  { calledAtMs, outcome }: Operation<Call, Answer>,
  isPlaced: boolean,
  deadEndMs: number,
): Kind {
  if (outcome.type === 'unknown') return 'unknown';
  if (isPlaced) return 'placed';
  return calledAtMs <= deadEndMs ? 'stuck' : 'later';
}

const labelOf = ({ place, text }: Bar): string =>
  `${place === undefined ? '' : `${String(place)} · `}${text}`;

/** Where a bar lies on the page, in px, and its label: in the bar where it fits, else behind it. */
function spanOf(
  bar: Bar,
  x: (ms: number) => number,
): {
  readonly left: number;
  readonly right: number;
  readonly labelLeft: number;
  readonly labelRight: number;
} {
  const left = x(bar.fromMs);
  const right = bar.toMs === undefined ? widthPx - 10 : Math.max(x(bar.toMs), left + minBarPx);
  const length = labelOf(bar).length * letterPx;
  const labelLeft = length + 8 <= right - left ? left + 4 : right + 4;
  return { left, right, labelLeft, labelRight: labelLeft + length + 6 };
}

/** A client's operations that overlap, or whose labels do, lie below each other. */
function stack(
  bars: readonly Bar[],
  clients: readonly string[],
  span: (bar: Bar) => {
    readonly left: number;
    readonly right: number;
    readonly labelRight: number;
  },
): {
  readonly rowOf: ReadonlyMap<number, number>;
  readonly lanes: readonly { client: string; firstRow: number; rowCount: number }[];
  readonly count: number;
} {
  const rowOf = new Map<number, number>();
  let firstRow = 0;
  const lanes = clients.map((client) => {
    const ends: number[] = [];
    for (const bar of bars.filter((one) => one.client === client)) {
      const { left, right, labelRight } = span(bar);
      const free = ends.findIndex((end) => end <= left);
      const row = free < 0 ? ends.length : free;
      ends[row] = Math.max(right, labelRight);
      rowOf.set(bar.index, firstRow + row);
    }
    const made = { client, firstRow, rowCount: ends.length };
    firstRow += ends.length;
    return made;
  });
  return { rowOf, lanes, count: firstRow };
}

function lane(client: string, firstRow: number, rowCount: number, shaded: boolean): string {
  const y = headPx + firstRow * laneHeightPx;
  const height = rowCount * laneHeightPx;
  const shade = shaded
    ? `<rect class="shade" x="0" y="${String(y)}" width="${String(widthPx)}" height="${String(height)}"/>`
    : '';
  return `${shade}<text class="client" x="8" y="${String(y + 15)}">${escape(client)}</text>`;
}

function barOf(bar: Bar, x: (ms: number) => number, row: number): string {
  const { fromMs, toMs, kind, text } = bar;
  const { left, right, labelLeft } = spanOf(bar, x);
  const y = headPx + row * laneHeightPx + 3;
  const until = toMs === undefined ? 'unknown' : `${toMs.toFixed(1)} ms`;
  return `<g class="${kind}"><title>${escape(`${bar.client}: ${text}, ${fromMs.toFixed(1)} to ${until}`)}</title><rect x="${left.toFixed(1)}" y="${String(y)}" width="${(right - left).toFixed(1)}" height="${String(laneHeightPx - 6)}" rx="3"/><text x="${labelLeft.toFixed(1)}" y="${String(y + 12)}">${escape(labelOf(bar))}</text></g>`;
}

function ticks(fromMs: number, toMs: number): number[] {
  const rough = (toMs - fromMs) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  const found: number[] = [];
  for (let ms = Math.ceil(fromMs / step) * step; ms <= toMs; ms += step) found.push(ms);
  return found;
}

function tick(x: number, ms: number, height: number): string {
  const bottom = String(height - laneHeightPx);
  return `<line class="tick" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${String(headPx)}" y2="${bottom}"/><text class="time" x="${x.toFixed(1)}" y="${String(height - 6)}">${ms.toFixed(0)} ms</text>`;
}

function deadEnd(x: number, ms: number, height: number): string {
  const bottom = String(height - laneHeightPx);
  // Left of the line, so that it covers no bar that comes after; on the right where there is no room.
  const [anchor, textX] = x > marginPx + labelRoomPx ? ['end', x - 6] : ['start', x + 6];
  return `<g class="dead-end"><line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="4" y2="${bottom}"/><text x="${textX.toFixed(1)}" y="13" text-anchor="${anchor}">nothing can come next before ${ms.toFixed(1)} ms</text></g>`;
}

function page(key: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Not linearizable: ${escape(key)}</title>
<style>
:root { color-scheme: light dark; --ink: #1c2733; --paper: #fbfbf9; --line: #0001; --shade: #0000000a; --placed: #cfe0f5; --stuck: #f2777a; --later: #e6e6e2; --unknown: #dcd7cc; --end: #c62a2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #dde5ee; --paper: #14181d; --line: #fff2; --shade: #ffffff0d; --placed: #2b4d75; --stuck: #a8343a; --later: #2a2f36; --unknown: #4a463c; --end: #ff7b7f; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem; }
h1 { font-size: 1.3rem; } .scroll { overflow-x: auto; }
svg { font: 11px system-ui, sans-serif; } svg text { fill: var(--ink); pointer-events: none; }
.client { font-weight: 600; } .shade { fill: var(--shade); } .tick { stroke: var(--line); }
.time { text-anchor: middle; opacity: .7; }
.placed rect { fill: var(--placed); } .unknown rect { fill: var(--unknown); opacity: .6; }
.unknown rect { stroke: var(--ink); stroke-dasharray: 4 3; stroke-opacity: .4; }
.stuck rect { fill: var(--stuck); } .stuck text { font-weight: 600; } .later rect { fill: var(--later); stroke: var(--ink); stroke-opacity: .3; } .later text { opacity: .7; }
.dead-end line { stroke: var(--end); stroke-width: 1.5; stroke-dasharray: 5 3; } svg .dead-end text { fill: var(--end); font-weight: 600; }
.legend span { padding: .1rem .5rem; border-radius: 3px; } .legend .placed { background: var(--placed); }
.legend .stuck { background: var(--stuck); } .legend .later { background: var(--later); } .legend .unknown { background: var(--unknown); }
</style></head>
<body><h1>“${escape(key)}” is not linearizable</h1>
${body}
</body></html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);
}

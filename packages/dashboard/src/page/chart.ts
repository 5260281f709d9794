/** A line of the last minutes, with its latest and its largest value as text. */
import { html } from './library.ts';
import type { View } from './library.ts';
import { span } from './parts.ts';

const width = 300;
const height = 60;
/** All charts of the page show as much. */
const windowMs = 240_000;

export interface Point {
  readonly atMs: number;
  /** Undefined: nothing was measured then. */
  readonly value: number | undefined;
}

/** What a chart still shows once there is another one. */
export const withinWindow = <Timed extends { readonly atMs: number }>(
  before: readonly Timed[],
  added: Timed,
): readonly Timed[] => [...before.filter(({ atMs }) => added.atMs - atMs <= windowMs), added];

/** Lines that end at the right edge: one for each run of values that were measured. */
export function linesOf(points: readonly Point[], most: number): readonly string[] {
  const lastMs = points.at(-1)?.atMs ?? 0;
  const lines: string[][] = [[]];
  for (const { atMs, value } of points) {
    if (value === undefined) {
      lines.push([]);
      continue;
    }
    const x = width - ((lastMs - atMs) / windowMs) * width;
    const y = height - 2 - (most === 0 ? 0 : (value / most) * (height - 4));
    lines.at(-1)?.push(`${x.toFixed(1)},${y.toFixed(1)}`);
  }
  // One point is drawn as the two ends of a line.
  return lines
    .filter(({ length }) => length > 0)
    .map((line) => (line.length === 1 ? [...line, ...line] : line).join(' '));
}

/** @param show A value with its unit. */
export function chart(
  name: string,
  points: readonly Point[],
  show: (value: number) => string,
): View {
  const measured = points.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const most = measured.reduce((largest, value) => Math.max(largest, value), 0);
  const latest = points.at(-1)?.value;
  const now = latest === undefined ? '–' : show(latest);
  const highest = measured.length === 0 ? 'nothing measured yet' : `highest ${show(most)}`;
  return html`<div class="chart">
    <div class="head">
      <span class="quiet">${name}</span>
      <strong>${now}</strong>
    </div>
    <svg
      viewBox=${`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label=${`${name}: ${latest === undefined ? 'nothing' : now} now, ${highest}`}
    >
      <line x1="0" x2=${width} y1=${height - 2} y2=${height - 2} />
      ${linesOf(points, most).map((line) => html`<polyline points=${line} />`)}
    </svg>
    <div class="quiet scale">
      <span>${span(windowMs / 1000).replace(' 0 s', '')} ago</span>
      <span>${highest}</span>
      <span>now</span>
    </div>
  </div>`;
}

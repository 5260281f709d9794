/** Rates of the last minutes as lines, from the counters that the page has read since it was opened. */
import type { StatsAnswer } from '@holdfast/protocol';
import { html, useEffect, useState } from './library.ts';
import type { View } from './library.ts';

const mostSamples = 120;
const width = 300;
const height = 60;

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** Per second between each two samples. A counter that fell began anew: 0. */
export function ratesOf(samples: readonly Sample[]): readonly number[] {
  return samples.slice(1).map(({ atMs, value }, index) => {
    const before = samples[index];
    if (before === undefined || atMs <= before.atMs) return 0;
    return (Math.max(0, value - before.value) * 1000) / (atMs - before.atMs);
  });
}

/** Points of a line that ends at the right edge. */
export function pointsOf(values: readonly number[], most: number): string {
  const step = width / (mostSamples - 2);
  return values
    .map((value, index) => {
      const x = width - (values.length - 1 - index) * step;
      const y = height - 2 - (value / most) * (height - 4);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}

function chart(name: string, unit: string, values: readonly number[]): View {
  const most = values.reduce((largest, value) => Math.max(largest, value), 0);
  const latest = values.at(-1) ?? 0;
  const show = (value: number): string =>
    value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
  return html`<div class="chart">
    <div class="quiet">${name} <strong>${show(latest)}</strong> ${unit}</div>
    <svg
      viewBox=${`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label=${`${name}: ${show(latest)} ${unit} now, ${show(most)} at most`}
    >
      <line x1="0" x2=${width} y1=${height - 2} y2=${height - 2} />
      <polyline points=${pointsOf(values, most === 0 ? 1 : most)} />
    </svg>
    <span class="quiet">at most ${show(most)}</span>
  </div>`;
}

interface Sampled {
  readonly grants: readonly Sample[];
  readonly entries: readonly Sample[];
  readonly waiters: readonly number[];
}

export function Rates({ stats }: { readonly stats: StatsAnswer }): View {
  const [sampled, add] = useState<Sampled>({ grants: [], entries: [], waiters: [] });
  useEffect(() => {
    const atMs = performance.now();
    add(({ grants, entries, waiters }) => ({
      grants: [...grants, { atMs, value: stats.fence_counter }].slice(-mostSamples),
      entries: [...entries, { atMs, value: stats.revision }].slice(-mostSamples),
      waiters: [...waiters, stats.waiters].slice(-(mostSamples - 1)),
    }));
  }, [stats]);
  return html`<div class="charts">
    ${chart('Grants', 'a second', ratesOf(sampled.grants))}
    ${chart('Log entries', 'a second', ratesOf(sampled.entries))}
    ${chart('Waiters', '', sampled.waiters)}
  </div>`;
}

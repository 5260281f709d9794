/** Rates of the last minutes as lines, from the counters that the page has read since it was opened. */
import type { StatsAnswer } from '@holdfast/protocol';
import { chart, withinWindow } from './chart.ts';
import type { Point } from './chart.ts';
import { html, useEffect, useState } from './library.ts';
import type { View } from './library.ts';

export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/** Per second between each two samples. A counter that fell began anew: 0. */
export function ratesOf(samples: readonly Sample[]): readonly Point[] {
  return samples.slice(1).map(({ atMs, value }, index) => {
    const before = samples[index];
    if (before === undefined || atMs <= before.atMs) return { atMs, value: 0 };
    return { atMs, value: (Math.max(0, value - before.value) * 1000) / (atMs - before.atMs) };
  });
}

const plain = (value: number): string =>
  value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });
const aSecond = (value: number): string => `${plain(value)} a second`;

interface Sampled {
  readonly grants: readonly Sample[];
  readonly entries: readonly Sample[];
  readonly waiters: readonly Sample[];
}

export function Rates({ stats }: { readonly stats: StatsAnswer }): View {
  const [sampled, add] = useState<Sampled>({ grants: [], entries: [], waiters: [] });
  useEffect(() => {
    const atMs = performance.now();
    add(({ grants, entries, waiters }) => ({
      grants: withinWindow(grants, { atMs, value: stats.fence_counter }),
      entries: withinWindow(entries, { atMs, value: stats.revision }),
      waiters: withinWindow(waiters, { atMs, value: stats.waiters }),
    }));
  }, [stats]);
  return html`<div class="charts">
    ${chart('Grants', ratesOf(sampled.grants), aSecond)}
    ${chart('Log entries', ratesOf(sampled.entries), aSecond)}
    ${chart('Waiters', sampled.waiters, plain)}
  </div>`;
}

/** What a search came to, in words. */
import type { SearchResult, SearchProgress } from '../search/breadth-first.ts';
import type { TransitionSystem } from '../search/model.ts';

export const grouped = (value: number): string => Math.round(value).toLocaleString('en');

const perSecond = ({ distinct, ms }: SearchProgress): string =>
  grouped(distinct / Math.max(ms / 1000, 1e-3));

export const levelLine = (progress: SearchProgress): string =>
  `depth ${String(progress.depth).padStart(3)}: ${grouped(progress.distinct)} distinct, ${grouped(progress.visited)} visited, ${grouped(progress.waiting)} to go on from, ${perSecond(progress)} a second`;

const endings: Readonly<Record<SearchResult['ended'], string>> = {
  exhausted: 'every state within the bounds was seen',
  states: 'the limit of states was reached',
  depth: 'the limit of depth was reached',
  time: 'the limit of time was reached',
  broken: 'A PROMISE IS BROKEN',
};

export function summaryLines(found: SearchResult, model: TransitionSystem): readonly string[] {
  const stats = Object.entries(model.stats()).map(([what, count]) => `${what} ${grouped(count)}`);
  const probability = found.distinct ** 2 / 2 ** 65;
  return [
    `${endings[found.ended]}: ${grouped(found.distinct)} distinct states, ${grouped(found.visited)} visited, depth ${String(found.depth)}, ${(found.ms / 1000).toFixed(1)} s, ${perSecond(found)} a second`,
    `up to ${String(model.symmetries)} namings count as one; ${stats.join(', ')}; two states were taken for one with a probability of ${probability.toExponential(0)}`,
    `happened: ${model.happened.join(', ')}`,
    ...(found.broken === undefined ? [] : [found.broken.what, ...found.broken.trace]),
  ];
}

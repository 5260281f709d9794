/**
 * One nemesis after the other: each is mended, and the time until everything serves again is measured.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Nemesis, Nodes, NemesisStage } from './nemeses/nemesis.ts';
import { nowMs } from './now.ts';

/** What the service promises after a heal. */
export const recoveryBoundMs = 5000;
/** Asked beyond the promise, so that a broken one is measured and not only told. */
export const recoveryPatienceMs = 20_000;
const calmMs = 400;

export interface Strike {
  readonly nemesis: string;
  readonly target: string;
  readonly lastedMs: number;
  /** On the axis of `nowMs`. */
  readonly healedAtMs: number;
  readonly recoveryMs: number;
}

export interface Campaign<Cluster extends Nodes> {
  readonly stage: NemesisStage<Cluster>;
  /** The first round in this order, further ones at random. */
  readonly nemeses: readonly Nemesis<Cluster>[];
  /** No nemesis is begun after so long. */
  readonly seconds: number;
  /** Resolves when everything serves, with the ms that it took. */
  readonly recovered: () => Promise<number>;
  /** Receives each strike when it is over. */
  readonly struck: Strike[];
  readonly tell: (line: string) => void;
}

/** @param only Names, in the order of the first round; absent: all of them. */
export function possibleAmong<Cluster extends Nodes>(
  nemeses: readonly Nemesis<Cluster>[],
  only: readonly string[] | undefined,
): { readonly possible: readonly Nemesis<Cluster>[]; readonly skipped: readonly string[] } {
  const chosen =
    only?.flatMap((name) => nemeses.filter((nemesis) => nemesis.name === name)) ?? nemeses;
  const possible = chosen.filter(({ missing }) => missing === undefined);
  const skipped = chosen.flatMap(({ name, missing }) =>
    missing === undefined ? [] : [`${name}: ${missing}`],
  );
  return { possible, skipped };
}

/** @throws Error where something does not serve again at all. */
export async function campaign<Cluster extends Nodes>(options: Campaign<Cluster>): Promise<void> {
  const { stage, nemeses, seconds, recovered, struck } = options;
  await recovered();
  const endMs = performance.now() + seconds * 1000;
  let order = nemeses;
  for (let round = 0; performance.now() < endMs; round++) {
    if (round > 0 && round % nemeses.length === 0) order = stage.randomness.shuffled(nemeses);
    const nemesis = order[round % nemeses.length];
    if (nemesis === undefined) break;
    struck.push(await strike(nemesis, options));
    await pause(calmMs);
  }
}

async function strike<Cluster extends Nodes>(
  { name, lasts, strike: strikes }: Nemesis<Cluster>,
  { stage, nemeses, recovered, tell }: Campaign<Cluster>,
): Promise<Strike> {
  const startedMs = nowMs();
  const { target, heal } = await strikes(stage);
  // spread: a pair of bounds
  await pause(stage.randomness.between(...lasts));
  await heal();
  const healedAtMs = nowMs();
  const recoveryMs = await recovered();
  const lastedMs = healedAtMs - startedMs;
  const column =
    nemeses
      .map((nemesis) => nemesis.name.length)
      .reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY) + 1;
  tell(
    `  ${name.padEnd(column)} ${target.padEnd(34)} lasted ${(lastedMs / 1000).toFixed(1).padStart(4)} s, all served again after ${recoveryMs.toFixed(0).padStart(5)} ms`,
  );
  return { nemesis: name, target, lastedMs, healedAtMs, recoveryMs };
}

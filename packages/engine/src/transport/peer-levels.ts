/**
 * Feature levels in a hello. One that tells none is of a program from before there were levels, which supports the
 * first (FEATURE-4).
 */
import { firstFeatureLevel } from '@holdfast/state';
import type { FeatureLevels } from '../feature-levels.ts';

/** As they stand in the hello. */
export interface ToldLevels {
  readonly supportedFeatureLevel: number;
  /** Of the log, as far as the sender has applied it. */
  readonly featureLevel: number;
}

export const levelsToTell = ({ supported, inForce }: FeatureLevels): ToldLevels => ({
  supportedFeatureLevel: supported,
  featureLevel: inForce,
});

/** Whatever was sent. */
export function toldLevels(hello: Readonly<Record<string, unknown>>): FeatureLevels {
  const read = (value: unknown): number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value > firstFeatureLevel
      ? value
      : firstFeatureLevel;
  return { supported: read(hello['supportedFeatureLevel']), inForce: read(hello['featureLevel']) };
}

interface Side {
  readonly node: string;
  readonly levels: FeatureLevels;
}

/** Why two nodes cannot be members of one cluster, for both sides to read: FEATURE-4. */
export function differentLevels(one: Side, other: Side): string | undefined {
  for (const [older, newer] of [
    [one, other],
    [other, one],
  ] as const)
    if (newer.levels.inForce > older.levels.supported)
      return (
        `Node "${older.node}" supports feature levels up to ${String(older.levels.supported)}, and the cluster of node ` +
        `"${newer.node}" is at level ${String(newer.levels.inForce)}. Run a newer release of Holdfast on node "${older.node}".`
      );
  return undefined;
}

/** How long a node may say nothing (REACH-3 of reach.ts), in sweeps. */

/** Time between two sweeps, while something is unanswered. */
export const sweepEveryMs = 50;
export const mostSilentSweeps = 17;
const fewestSilentSweeps = 3;
/** The next way is tried after this share of a lease: keepalives go out after a third of it. */
const silentShare = 1 / 12;
const fewestQuietSweeps = 6;
const mostQuietSweeps = 17;
/** A node that owes no answer is pinged after this share of a lease. */
const quietShare = 1 / 10;

/** How many sweeps without a message are silence (REACH-3). */
export function silentSweepsFor(shortestLeaseMs: number | undefined): number {
  if (shortestLeaseMs === undefined) return mostSilentSweeps;
  const share = Math.floor((shortestLeaseMs * silentShare) / sweepEveryMs);
  return Math.min(mostSilentSweeps, Math.max(fewestSilentSweeps, share));
}

/** How many sweeps without a question or a word are let pass before a node is asked for one (REACH-3). */
export function quietSweepsFor(shortestLeaseMs: number | undefined): number {
  if (shortestLeaseMs === undefined) return mostQuietSweeps;
  const share = Math.floor((shortestLeaseMs * quietShare) / sweepEveryMs);
  return Math.min(mostQuietSweeps, Math.max(fewestQuietSweeps, share));
}

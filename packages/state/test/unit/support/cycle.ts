/** A naive search for cycles: every tie, followed until nothing new is reached. */

/** The first waits for the second. */
export type Tie = readonly [waiting: string, awaited: string];

/** Whether there is a way from `from` along ties, those to oneself aside, back to it. */
export function leadsBack(ties: readonly Tie[], from: string): boolean {
  const reached = new Set<string>();
  let frontier: readonly string[] = [from];
  while (frontier.length > 0) {
    const next = ties
      .filter(([one, to]) => frontier.includes(one) && one !== to && !reached.has(to))
      .map(([, to]) => to);
    for (const one of next) reached.add(one);
    frontier = next;
  }
  return reached.has(from);
}

/** What nodes own of the queues of several pages. */
import type { QueueOwner } from '@holdfast/protocol';

/** Each page tells what the owners have of the queues on it. Who owns what is as the latest page tells. */
export function ownersTogether(
  before: readonly QueueOwner[],
  page: readonly QueueOwner[],
): readonly QueueOwner[] {
  return page.map((owner) => {
    const sum = before.find(({ node_id }) => node_id === owner.node_id);
    if (sum === undefined) return owner;
    const { rates, oldest_age_seconds: age } = owner;
    return {
      ...owner,
      depth: owner.depth + sum.depth,
      ready: owner.ready + sum.ready,
      in_flight: owner.in_flight + sum.in_flight,
      delayed: owner.delayed + sum.delayed,
      blocked: owner.blocked + sum.blocked,
      oldest_age_seconds: older(age, sum.oldest_age_seconds),
      rates: {
        pushed: rates.pushed + sum.rates.pushed,
        delivered: rates.delivered + sum.rates.delivered,
        acknowledged: rates.acknowledged + sum.rates.acknowledged,
        dead: rates.dead + sum.rates.dead,
      },
    };
  });
}

function older(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}

/** What nodes own of the queues of several pages. */
import type { QueueOwner } from '@holdfast/protocol';

/** As it is told: nodes of the release before tell neither the age nor the rates. */
export type ToldOwner = Omit<QueueOwner, 'rates' | 'oldest_age_seconds'> &
  Partial<Pick<QueueOwner, 'rates' | 'oldest_age_seconds'>>;

/** Each page tells what the owners have of the queues on it. Who owns what is as the latest page tells. */
export function ownersTogether(
  before: readonly ToldOwner[],
  page: readonly ToldOwner[],
): readonly ToldOwner[] {
  return page.map((owner) => {
    const sum = before.find(({ node_id }) => node_id === owner.node_id);
    if (sum === undefined) return owner;
    const { rates, oldest_age_seconds: age, ...counts } = owner;
    return {
      ...counts,
      depth: owner.depth + sum.depth,
      ready: owner.ready + sum.ready,
      in_flight: owner.in_flight + sum.in_flight,
      delayed: owner.delayed + sum.delayed,
      blocked: owner.blocked + sum.blocked,
      ...older(age, sum.oldest_age_seconds),
      ...ratesTogether(rates, sum.rates),
    };
  });
}

type Age = QueueOwner['oldest_age_seconds'] | undefined;
type Rates = QueueOwner['rates'] | undefined;

/** What one page does not tell is not known of all. */
function older(one: Age, other: Age): Pick<ToldOwner, 'oldest_age_seconds'> {
  if (one === undefined || other === undefined) return {};
  if (one === null || other === null) return { oldest_age_seconds: one ?? other };
  return { oldest_age_seconds: Math.max(one, other) };
}

function ratesTogether(one: Rates, other: Rates): Pick<ToldOwner, 'rates'> {
  if (one === undefined || other === undefined) return {};
  return {
    rates: {
      pushed: one.pushed + other.pushed,
      delivered: one.delivered + other.delivered,
      acknowledged: one.acknowledged + other.acknowledged,
      dead: one.dead + other.dead,
    },
  };
}

/** For people: the age of the oldest message, and the rates; "-" where none is told. */
export function agesAndRatesOf({
  oldest_age_seconds: age,
  rates,
}: Pick<ToldOwner, 'oldest_age_seconds' | 'rates'>): readonly string[] {
  return [
    typeof age === 'number' ? `${age.toFixed(1)} s` : '-',
    ...[rates?.pushed, rates?.delivered, rates?.acknowledged].map((one) => one?.toFixed(1) ?? '-'),
  ];
}

/** What scripts answer, as results and views of queues. Lua has one empty table: an empty list comes as `{}`. */
import { Rate, refusalsOfQueues as refusals } from '@holdfast/state';
import type {
  Delivery,
  FenceToken,
  QueueCounts,
  QueueOrder,
  QueuePartition,
  QueueView,
  Receipt,
  Refusal,
  ResourceName,
} from '@holdfast/state';
import type { StoreLimits } from './limits.ts';

export type ScriptReply = Readonly<Record<string, unknown>>;

export const isAnswer = (value: unknown): value is ScriptReply =>
  typeof value === 'object' && value !== null;

/** @throws Error: what is missing is no empty list, for a script tells all that it has to tell. */
export function listOf(value: unknown): readonly (readonly unknown[])[] {
  const list = itemsOf(value);
  if (!list.every(Array.isArray)) throw notTold('a list of lists', value);
  return list as readonly (readonly unknown[])[];
}

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  if (isAnswer(value) && Object.keys(value).length === 0) return [];
  throw notTold('a list', value);
}

/** Ids come as text (RID-1 of lua/base.ts). @throws Error */
export function numberOf(value: unknown): number {
  const isTold = typeof value === 'number' || (typeof value === 'string' && value !== '');
  const number = isTold ? Number(value) : Number.NaN;
  if (!Number.isFinite(number)) throw notTold('a number', value);
  return number;
}

export const optionalNumberOf = (value: unknown): number | undefined =>
  value === undefined || value === null ? undefined : numberOf(value);

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw notTold('a text', value);
  return value;
}

/** @throws Error */
export function isTrue(value: unknown): boolean {
  if (typeof value !== 'boolean') throw notTold('true or false', value);
  return value;
}

const notTold = (what: string, value: unknown): Error =>
  new Error(`A script of a queue was to tell ${what}, and told ${JSON.stringify(value)}`);

export interface RefusedRequest {
  readonly name: ResourceName;
  readonly receipt?: Receipt;
}

const states = ['waiting', 'in_flight', 'delayed', 'dead'] as const;

/** What the state machine would say of the same. */
export function refusalOf(
  answer: ScriptReply,
  { name, receipt }: RefusedRequest,
  limits: StoreLimits,
): Refusal {
  switch (answer['refused']) {
    case 'without_key':
      return refusals.withoutKey(name);
    case 'delayed_by_key':
      return refusals.delayedByKey(name);
    case 'order_in_use':
      return refusals.orderInUse(name, orderOf(answer['order']), numberOf(answer['size']));
    case 'queue_not_empty':
      return refusals.queueNotEmpty(name, numberOf(answer['messages']), numberOf(answer['dead']));
    case 'limit':
      return refusalOfLimit(answer['limit'], name, limits);
    case 'stale_receipt': {
      const state = states.find((known) => known === answer['state']);
      const found =
        state === undefined ? undefined : { state, deliveries: numberOf(answer['deliveries']) };
      const none = { messageId: 0, delivery: 0, fenceToken: 0 as FenceToken };
      return refusals.staleReceipt(name, receipt ?? none, found);
    }
    default:
      return refusals.queueNotFound(name);
  }
}

function refusalOfLimit(limit: unknown, name: ResourceName, limits: StoreLimits): Refusal {
  if (limit === 'max_dedup_ids') return refusals.tooManyDedupIds(limits.maxDedupIds);
  return limit === 'max_messages_per_queue'
    ? refusals.queueFull(name, limit, limits.maxMessagesPerQueue)
    : refusals.queueFull(name, 'max_message_bytes_per_queue', limits.maxMessageBytesPerQueue);
}

export const orderOf = (value: unknown): QueueOrder => (value === 'none' ? 'none' : 'key');

/** Why a key is blocked by a message in this state. */
export function becauseOf(state: unknown): 'in_flight' | 'retry' | 'dead_letter' {
  if (state === 'dead') return 'dead_letter';
  return state === 'in_flight' ? 'in_flight' : 'retry';
}

export const settingsOf = (value: unknown): QueueView['settings'] => {
  const { order, onDead, max } = isAnswer(value) ? value : {};
  return {
    order: orderOf(order),
    onDead: onDead === 'block' ? 'block' : 'skip',
    maxDeliveries: numberOf(max),
  };
};

export function deliveryOf([
  id,
  key,
  payload,
  delivery,
  most,
  token,
]: readonly unknown[]): Delivery {
  return {
    id: numberOf(id),
    key: textOf(key),
    payload: textOf(payload),
    delivery: numberOf(delivery),
    maxDeliveries: numberOf(most),
    fenceToken: numberOf(token) as FenceToken,
  };
}

function partitionFrom(
  [ready, inFlight, delayed, blocked, oldestAge, times]: readonly unknown[],
  nowMs: number,
): QueuePartition {
  const counts = {
    ready: numberOf(ready),
    inFlight: numberOf(inFlight),
    delayed: numberOf(delayed),
    blocked: numberOf(blocked),
  };
  const oldestAgeMs = numberOf(oldestAge);
  const [window = 0, ...counted] = textOf(times).split(' ').map(Number);
  const perSecond = (at: number): number => {
    const found = new Rate();
    found.restore([0, window, counted[at] ?? 0, counted[at + 1] ?? 0]);
    return found.at(nowMs);
  };
  return {
    ...counts,
    depth: counts.ready + counts.inFlight + counts.delayed + counts.blocked,
    oldestAgeMs: oldestAgeMs < 0 ? undefined : oldestAgeMs,
    rates: {
      pushed: perSecond(0),
      delivered: perSecond(2),
      acknowledged: perSecond(4),
      dead: perSecond(6),
    },
  };
}

export function viewOf(name: ResourceName, answer: ScriptReply): QueueView {
  const nowMs = numberOf(answer['now']);
  const partitions = listOf(answer['partitions']).map((one) => partitionFrom(one, nowMs));
  const sum = (of: keyof QueueCounts): number =>
    partitions.reduce((total, counts) => total + counts[of], 0);
  const rates = Array.isArray(answer['rates']) ? (answer['rates'] as readonly unknown[]) : [];
  const rate = (at: number): { total: number; perSecond: number } => {
    const found = new Rate();
    found.restore(textOf(rates[at]).split(' ').map(Number));
    return { total: found.total, perSecond: found.at(nowMs) };
  };
  return {
    name,
    settings: settingsOf(answer['settings']),
    counts: {
      depth: sum('depth'),
      ready: sum('ready'),
      inFlight: sum('inFlight'),
      delayed: sum('delayed'),
      blocked: sum('blocked'),
    },
    dead: numberOf(answer['dead']),
    blockedKeys: numberOf(answer['blocked']),
    bytes: numberOf(answer['bytes']),
    oldestAgeMs: optionalNumberOf(answer['oldest']),
    rates: { pushed: rate(0), delivered: rate(1), acknowledged: rate(2), dead: rate(3) },
    partitions,
  };
}

/**
 * Countdown latches: made with a count, counted down by whoever did a part, open at 0.
 *
 * STATE-LATCH-1: a count only falls, never below 0, and an open latch stays open until it is deleted.
 * STATE-LATCH-2: a count by a session with a request id is counted once, however often it is sent.
 */
import { tooManyOf } from '../../kernel/at-capacity.ts';
import type { Execute, Once, Primitive } from '../../kernel/primitive.ts';
import { refuse } from '../../kernel/refusals.ts';
import type { Place, Tables } from '../../kernel/tables.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { weigh } from '../../kernel/weigh-rows.ts';
import type { LatchResult, LatchView } from './commands.ts';

/** Counts down to 0 and stays there. */
class Latch implements Place {
  readonly kind = 'latch';
  readonly name: ResourceName;
  readonly initialCount: number;
  count: number;
  savedIn: number;

  constructor(name: ResourceName, initialCount: number, count: number, savedIn: number) {
    this.name = name;
    this.initialCount = initialCount;
    this.count = count;
    this.savedIn = savedIn;
  }
}

function find({ places }: Tables, name: ResourceName): Latch | undefined {
  const found = places.latch.get(name);
  return found instanceof Latch ? found : undefined;
}

const create: Execute<'create_latch'> = (tables, { name, count }) => {
  const found = find(tables, name);
  if (found !== undefined)
    return found.initialCount === count ? told(found) : countMismatch(found, count);
  const refusal = tooManyOf(tables, 'latch');
  if (refusal !== undefined) return refusal;
  const latch = new Latch(name, count, count, tables.snapshotNumber);
  tables.places.latch.set(name, latch);
  tables.events.push({ type: 'latch_changed', name, change: 'created', count });
  return told(latch);
};

/** STATE-LATCH-1. */
function count(tables: Tables, name: ResourceName, by: number): LatchResult | Refusal {
  const latch = find(tables, name);
  if (latch === undefined) return latchNotFound(name);
  if (latch.count === 0) return told(latch);
  tables.changingPlace(latch);
  latch.count = Math.max(0, latch.count - by);
  const change = latch.count === 0 ? 'opened' : 'counted';
  tables.events.push({ type: 'latch_changed', name, change, count: latch.count });
  return told(latch);
}

/** STATE-LATCH-2. */
const countDown: Once<'count_down'> = {
  asked: ({ by }) => String(by),
  execute: (tables, _session, { name, by }) => count(tables, name, by),
  withoutSession: (tables, { name, by }) => count(tables, name, by),
};

const remove: Execute<'delete_latch'> = (tables, { name }) => {
  const latch = find(tables, name);
  if (latch === undefined) return latchNotFound(name);
  tables.changingPlace(latch);
  tables.places.latch.delete(name);
  const { count: left } = latch;
  tables.events.push({ type: 'latch_changed', name, change: 'deleted', count: left });
  return told(latch);
};

const told = ({ count: left }: Latch): LatchResult => ({ ok: true, type: 'latch', count: left });

const latchNotFound = (name: ResourceName): Refusal =>
  refuse('latch_not_found', `There is no latch "${name}". Create it with its count first.`, {
    resource: name,
  });

const countMismatch = ({ name, initialCount }: Latch, given: number): Refusal =>
  refuse(
    'limit_mismatch',
    `Latch "${name}" was made with a count of ${String(initialCount)}, not ${String(given)}. Delete it first, or use another name.`,
    { resource: name, count: initialCount, given },
  );

const viewOf = ({ name, count: left, initialCount }: Latch): LatchView => ({
  name,
  count: left,
  initialCount,
});

export const latches: Primitive<'latch'> = {
  kind: 'latch',
  handlers: { create_latch: create, count_down: countDown, delete_latch: remove },
  view: (tables, name) => {
    const found = find(tables, name);
    return found && viewOf(found);
  },
  listed: (tables, name) => {
    const found = find(tables, name);
    const show = (latch: Latch) => ({ view: viewOf(latch), rows: weigh(name, []) });
    return found && { clients: () => [], show: () => show(found) };
  },
  encode: (place) =>
    place instanceof Latch
      ? [JSON.stringify(['latch', place.name, place.initialCount, place.count])]
      : [],
  lines: {
    latch: ({ tables }, fields) => {
      const latch = new Latch(fields.text() as ResourceName, fields.number(), fields.number(), 0);
      tables.places.latch.set(latch.name, latch);
      return latch;
    },
  },
};

/**
 * Countdown latches: made with a count, counted down by whoever did a part, open at 0.
 *
 * K1: a count only falls, never below 0, and an open latch stays open until it is deleted.
 * K2: a count by a session with a request id is counted once, however often it is sent.
 */
import { tooManyOf } from '../../kernel/at-capacity.ts';
import type { Latch } from '../../kernel/meetings.ts';
import { onceOnly } from '../../kernel/once.ts';
import { countMismatch, latchNotFound } from '../../kernel/refusals.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Command } from '../../kernel/commands.ts';
import type { ResourceName } from '../../kernel/names.ts';
import type { CommandResult } from '../../kernel/outcomes.ts';

type CountDown = Extract<Command, { type: 'count_down' }>;

export function createLatch(
  tables: Tables,
  { name, count }: Extract<Command, { type: 'create_latch' }>,
): CommandResult {
  const found = tables.latches.get(name);
  if (found !== undefined) {
    if (found.initialCount !== count) return countMismatch(found, count);
    return told(found);
  }
  const refusal = tooManyOf(tables, 'latch');
  if (refusal !== undefined) return refusal;
  const latch = tables.openLatch(name, count);
  tables.events.push({ type: 'latch_changed', name, change: 'created', count });
  return told(latch);
}

/** K2. */
export function countDown(
  tables: Tables,
  command: CountDown,
  answeredBelow: number | undefined,
): CommandResult {
  const { sessionId, name, by } = command;
  if (sessionId === undefined) return count(tables, name, by);
  const counted = { ...command, sessionId };
  return onceOnly(tables, counted, String(by), answeredBelow, () => count(tables, name, by));
}

/** K1. */
function count(tables: Tables, name: ResourceName, by: number): CommandResult {
  const latch = tables.latches.get(name);
  if (latch === undefined) return latchNotFound(name);
  if (latch.count === 0) return told(latch);
  tables.changingPlace(latch);
  latch.count = Math.max(0, latch.count - by);
  const change = latch.count === 0 ? 'opened' : 'counted';
  tables.events.push({ type: 'latch_changed', name, change, count: latch.count });
  return told(latch);
}

export function deleteLatch(
  tables: Tables,
  { name }: Extract<Command, { type: 'delete_latch' }>,
): CommandResult {
  const latch = tables.latches.get(name);
  if (latch === undefined) return latchNotFound(name);
  tables.changingPlace(latch);
  tables.latches.delete(name);
  const { count: left } = latch;
  tables.events.push({ type: 'latch_changed', name, change: 'deleted', count: left });
  return told(latch);
}

const told = ({ count: left }: Latch): CommandResult => ({ ok: true, type: 'latch', count: left });

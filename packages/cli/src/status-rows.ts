/** Who holds and who waits, as rows of a table: the same for locks and semaphores. */
import type { Json } from '@holdfast/client';
import { shownJson } from './json-text.ts';
import type { Output } from './output.ts';

/** @param what The head of what is held: the mode, the permits. */
export function statusHeads(what: string): readonly string[] {
  return ['STATE', 'CLIENT', what, 'FENCE TOKEN', 'SINCE', 'METADATA'];
}

export function holderRow(
  holder: {
    readonly client_id: string;
    readonly fence_token: number;
    readonly acquired_at: number;
    readonly metadata: Json;
  },
  what: string,
): readonly string[] {
  return [
    'holds',
    holder.client_id,
    what,
    String(holder.fence_token),
    new Date(holder.acquired_at * 1000).toISOString(),
    shownJson(holder.metadata),
  ];
}

export function waiterRow(
  waiter: { readonly client_id: string; readonly position: number; readonly priority: number },
  what: string,
): readonly string[] {
  return [waitsAt(waiter), waiter.client_id, what, '-', '-', '-'];
}

export function waitsAt({
  position,
  priority,
}: {
  readonly position: number;
  readonly priority: number;
}): string {
  const ahead = priority === 0 ? '' : `, priority ${String(priority)}`;
  return `waits #${String(position)}${ahead}`;
}

/** Under a table that shows the first of many. */
export function tellMore(
  output: Output,
  status: {
    readonly holders: readonly object[];
    readonly holder_count: number;
    readonly waiters: readonly object[];
    readonly waiter_count: number;
  },
): void {
  const holders = status.holder_count - status.holders.length;
  const waiters = status.waiter_count - status.waiters.length;
  if (output.json || holders + waiters <= 0) return;
  output.write(`and ${String(holders)} more that hold, ${String(waiters)} more that wait\n`);
}

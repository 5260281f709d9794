/**
 * Who waits for whom, as trees: at the root who holds and waits for nothing, beneath it what it holds and others wait for,
 * beneath that those who wait, beneath each of them what it holds, and so on. There are no cycles: an acquire that would close one is
 * refused (`deadlock`). A session that waits for several others stands beneath each of them, and is followed once.
 */
import type { ResourceRow, WaiterRow } from './kinds.ts';

export interface WaitedFor {
  readonly kind: string;
  readonly row: ResourceRow;
}

export interface ClientLabel {
  /** Empty: it may not be seen. */
  readonly sessionId: string;
  readonly clientId: string;
}

export interface WaitGraphResource {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  /** Why those who wait wait. */
  readonly because: string;
  readonly waiters: readonly WaitingClient[];
  readonly waiterCount: number;
  /** Its wait queue stands elsewhere in the trees. */
  readonly isAbove: boolean;
}

export interface WaitingClient {
  readonly who: ClientLabel;
  readonly waiter: WaiterRow;
  readonly holds: readonly WaitGraphResource[];
}

/** One who is waited for and waits for nothing; `who` undefined: nobody holds it. */
export interface Root {
  readonly who: ClientLabel | undefined;
  readonly holds: readonly WaitGraphResource[];
  /** Sessions one behind the other on the longest way down. */
  readonly depth: number;
}

export interface WaitGraph {
  readonly roots: readonly Root[];
  /** Of what is shown. */
  readonly longest: number;
  readonly waiting: number;
}

const keyOf = ({ sessionId, clientId }: ClientLabel): string =>
  sessionId === '' ? `client ${clientId}` : sessionId;

class Trees {
  readonly #heldBy = new Map<string, WaitedFor[]>();
  readonly #waits = new Set<string>();
  /** Their queues have been followed. */
  readonly #followed = new Set<WaitedFor>();

  constructor(all: readonly WaitedFor[]) {
    for (const one of all) {
      for (const holder of one.row.holders) {
        const key = keyOf(holder);
        const held = this.#heldBy.get(key);
        if (held === undefined) this.#heldBy.set(key, [one]);
        else held.push(one);
      }
      for (const waiter of one.row.waiters) this.#waits.add(keyOf(waiter));
    }
  }

  waits(who: ClientLabel): boolean {
    return this.#waits.has(keyOf(who));
  }

  isFollowed(one: WaitedFor): boolean {
    return this.#followed.has(one);
  }

  holdsOf(who: ClientLabel): readonly WaitGraphResource[] {
    return (this.#heldBy.get(keyOf(who)) ?? []).map((one) => this.resource(one));
  }

  resource(one: WaitedFor): WaitGraphResource {
    const { kind, row } = one;
    const isAbove = this.#followed.has(one);
    this.#followed.add(one);
    const waiters = isAbove
      ? []
      : row.waiters.map((waiter) => ({ who: waiter, waiter, holds: this.holdsOf(waiter) }));
    const { name, state, because, waiterCount } = row;
    return { kind, name, state, because, waiters, waiterCount, isAbove };
  }
}

function depthOf(holds: readonly WaitGraphResource[]): number {
  let most = 0;
  for (const { waiters } of holds)
    for (const [index, { holds: further }] of waiters.entries())
      most = Math.max(most, index + 1 + depthOf(further));
  return most;
}

export function waitGraphOf(all: readonly WaitedFor[]): WaitGraph {
  const trees = new Trees(all);
  const roots: Root[] = [];
  const add = (who: ClientLabel | undefined, holds: readonly WaitGraphResource[]): void => {
    roots.push({ who, holds, depth: depthOf(holds) });
  };
  const seen = new Set<string>();
  for (const { row } of all)
    for (const holder of row.holders) {
      if (trees.waits(holder) || seen.has(keyOf(holder))) continue;
      seen.add(keyOf(holder));
      add(holder, trees.holdsOf(holder));
    }
  // What nobody holds, and what is held by somebody whose own wait is not shown here.
  for (const one of all) {
    if (trees.isFollowed(one)) continue;
    add(one.row.holders[0], [trees.resource(one)]);
  }
  roots.sort((a, b) => b.depth - a.depth);
  const waiting = all.reduce((sum, { row }) => sum + row.waiterCount, 0);
  return { roots, longest: roots[0]?.depth ?? 0, waiting };
}

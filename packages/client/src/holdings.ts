/**
 * What a session holds, as its client knows it.
 *
 * HOLDINGS-1: all holds of one lock, or of one leadership, are one hold of the cluster, which is named by the
 *      smallest token of theirs; every acquire of permits is one of its own.
 *      The name of an entry is never above a token in it: a lock that is had since that name without a break
 *      covers every token that was given for it since.
 * HOLDINGS-2: the digest is of these, as the cluster keeps it of what the session has: where the two are equal,
 *      the cluster has all that is known here and nothing else.
 */
import { HoldDigest, RenewedMap } from '@holdfast/protocol';
import type { HoldEndedPush } from '@holdfast/protocol';
import type { Held, HeldKind } from './held.ts';

/** Pushes about holds whose grant has not been read yet. */
const maxEarlyEnds = 100;

/** One hold of the cluster. */
interface Entry {
  readonly key: string;
  firstToken: number;
  readonly held: Set<Held>;
  /** That the counts differ is told once. */
  differs?: boolean;
}

export class Holdings {
  readonly #all = new RenewedMap<Held, Entry>();
  readonly #entries = new RenewedMap<string, Entry>();
  readonly #digest = new HoldDigest();
  readonly #earlyEnds: HoldEndedPush[] = [];
  #changes = 0;

  /** In the order of their grants. */
  all(): readonly Held[] {
    return [...this.#all.keys()];
  }

  has(held: Held): boolean {
    return this.#all.has(held);
  }

  /** Grows with each change of what is held. */
  get changes(): number {
    return this.#changes;
  }

  /** Equal for equal holds of the cluster (HOLDINGS-2). */
  get digest(): string {
    return `${String(this.#entries.size)} ${this.#digest.text}`;
  }

  /** @returns how others ended it, where that was told before its grant was read. */
  add(held: Held): HoldEndedPush | undefined {
    this.#changes += 1;
    const entry = this.#entryFor(held);
    entry.held.add(held);
    this.#all.set(held, entry);
    if (held.fenceToken < entry.firstToken) this.#rename(entry, held.fenceToken); // HOLDINGS-1
    return this.#earlyEnds.length === 0
      ? undefined
      : this.#earlyEnds.find((push) => isOf(held, push));
  }

  #entryFor(held: Held): Entry {
    const key = keyOf(held);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry: Entry = { key, firstToken: held.fenceToken, held: new Set() };
    this.#entries.set(key, entry);
    this.#digest.add(held.fenceToken);
    return entry;
  }

  delete(held: Held): void {
    const entry = this.#all.get(held);
    if (entry === undefined) return;
    this.#all.delete(held);
    this.#changes += 1;
    entry.held.delete(held);
    if (entry.held.size > 0) return;
    this.#entries.delete(entry.key);
    this.#digest.remove(entry.firstToken);
  }

  clear(): void {
    for (const held of this.#all.keys()) this.delete(held);
  }

  /** Those that are of one hold of the cluster (HOLDINGS-1). */
  of(kind: HeldKind, name: string, fenceToken: number): readonly Held[] {
    return [...(this.#entries.get(keyOf({ kind, name, fenceToken }))?.held ?? [])];
  }

  /**
   * A leadership may be counted for less than was told: with limits of older releases all campaigns count for one.
   *
   * @returns how many acquires are known here, once, where the cluster counts another number.
   */
  differentCount(held: Held, holdCount: number): number | undefined {
    const entry = this.#all.get(held);
    if (entry === undefined) return undefined;
    const wasTold = entry.differs === true;
    const { size } = entry.held;
    entry.differs = held.kind === 'election' ? size < holdCount : size !== holdCount;
    return entry.differs && !wasTold ? entry.held.size : undefined;
  }

  /** The cluster tells with which token a hold began: an upgrade of it may be all that is known here. */
  confirm(held: Held, firstToken: number): void {
    const entry = this.#entries.get(keyOf(held));
    if (entry === undefined || entry.firstToken === firstToken) return;
    for (const { fenceToken } of entry.held) if (fenceToken < firstToken) return; // HOLDINGS-1
    this.#rename(entry, firstToken);
  }

  /** Takes those away that others ended; where none is known yet, that is kept in mind. */
  endedByOthers(push: HoldEndedPush): readonly Held[] {
    const known = this.of(push.kind, push.resource, push.fence_token);
    const ended = known.filter((held) => isOf(held, push));
    for (const held of ended) this.delete(held);
    if (ended.length > 0) return ended;
    this.#earlyEnds.push(push);
    if (this.#earlyEnds.length > maxEarlyEnds) this.#earlyEnds.shift();
    return [];
  }

  #rename(entry: Entry, firstToken: number): void {
    this.#digest.remove(entry.firstToken);
    entry.firstToken = firstToken;
    this.#digest.add(firstToken);
  }
}

const keyOf = ({ kind, name, fenceToken }: Pick<Held, 'kind' | 'name' | 'fenceToken'>): string =>
  kind === 'semaphore' ? `semaphore ${String(fenceToken)}` : `${kind} ${name}`;

/** A lock's later token, after an upgrade, is of the same hold. */
function isOf(held: Held, push: HoldEndedPush): boolean {
  if (held.kind !== push.kind || held.name !== push.resource) return false;
  return held.kind === 'lock'
    ? held.fenceToken <= push.fence_token
    : held.fenceToken === push.fence_token;
}

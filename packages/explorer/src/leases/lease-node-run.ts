/**
 * One lease node: `LeaseNode` and `Recovery` as they ship, on a file that is written before anything is answered. What its
 * host and its rounds of questions (`host.ts`, `rejoin.ts`) do around them is done here in one step each.
 */
import { LeaseNode, Recovery } from '@holdfast/quorum/parts';
import type { LeaseRow } from '@holdfast/quorum/parts';
import { nodeCount } from './messages.ts';
import type { LeaseMessage } from './messages.ts';
import { whichOfFile } from './moments.ts';

export const resource = 'r';
export const drift = 0;

/** What is on disk. */
export interface LeaseFile {
  readonly id: number;
  readonly hasVoted: boolean;
  readonly bootstrapSet: readonly number[];
  readonly row: LeaseRow | undefined;
  readonly tombstones: readonly string[];
  readonly floor: number;
  /** How often a node that has not voted was started: answers to the one before are not heard. */
  readonly starts: number;
}

export const newFile = (id: number, hasVoted: boolean): LeaseFile => ({
  id,
  hasVoted,
  bootstrapSet: [],
  row: undefined,
  tombstones: [],
  floor: 0,
  starts: 0,
});

export type NodeInput =
  | { readonly type: 'tick' }
  | { readonly type: 'deliver'; readonly message: LeaseMessage }
  | { readonly type: 'ask_others' }
  | { readonly type: 'end_round' };

interface Round {
  readonly id: string;
  readonly isTime: boolean;
  readonly pending: Set<number>;
}

export class LeaseNodeRun {
  readonly #owner: number;
  readonly #ttl: number;
  readonly #node: LeaseNode;
  readonly #recovery: Recovery | undefined;
  file: LeaseFile;
  isVoting: boolean;
  /** Since the last `take` it has written down a bootstrap set, after a round of its own. */
  hasFounded = false;
  #now = 0;
  #rounds = 0;
  #round: Round | undefined;
  #sent: LeaseMessage[] = [];

  constructor(owner: number, file: LeaseFile, ttl: number) {
    this.#owner = owner;
    this.#ttl = ttl;
    this.file = file;
    this.isVoting = file.hasVoted;
    const { row, tombstones, floor } = file;
    const rows = row === undefined ? [] : [row];
    this.#node = new LeaseNode({ maxRows: 4, maxTombstones: 100 }, { rows, tombstones, floor }, 0);
    if (file.hasVoted) return;
    const { id: fileId, bootstrapSet } = file;
    const times = { startedAtMs: 0, longestTtlMs: ttl, driftBufferMs: drift };
    const options = { ...times, others: nodeCount - 1, after: '', fileId, bootstrapSet };
    this.#recovery = new Recovery(options);
  }

  get mayAsk(): boolean {
    return !this.isVoting && this.#round === undefined;
  }

  get isAsking(): boolean {
    return this.#round !== undefined;
  }

  take(): readonly LeaseMessage[] {
    const sent = this.#sent;
    this.#sent = [];
    this.hasFounded = false;
    return sent;
  }

  image(): unknown {
    const round = this.#round;
    return [
      this.#owner,
      this.file,
      this.isVoting,
      this.#node.remainingMs(resource, this.#now),
      this.isVoting ? null : this.#recovery?.image(this.#now),
      this.isVoting ? 0 : this.#rounds,
      round === undefined
        ? null
        : [
            round.id,
            round.isTime,
            [...round.pending].toSorted((left, right) => (left < right ? -1 : 1)),
          ],
    ];
  }

  /** What is the same under all names. */
  outline(): unknown {
    const { id, hasVoted, bootstrapSet, row, tombstones, floor, starts } = this.file;
    return [
      whichOfFile(id),
      hasVoted,
      bootstrapSet.length,
      row?.maxToken,
      row?.lease?.token,
      tombstones.length,
      floor,
      starts,
      this.isVoting,
      this.#node.remainingMs(resource, this.#now),
      this.isVoting ? 0 : this.#rounds,
      this.#round?.isTime,
      this.#round?.pending.size,
    ];
  }

  /** @returns false where it cannot happen. */
  feed(input: NodeInput): boolean {
    switch (input.type) {
      case 'tick':
        this.#now += 1;
        return true;
      case 'deliver':
        this.#hear(input.message);
        return true;
      case 'ask_others':
        return this.#askOthers();
      case 'end_round':
        return this.#endRound();
    }
  }

  #hear(message: LeaseMessage): void {
    switch (message.type) {
      case 'acquire':
        return this.#acquire(message.from, message.lease);
      case 'confirm':
        return this.#confirm(message.from, message.lease, message.token);
      case 'release':
        if (!this.isVoting) return;
        this.#node.release(resource, message.lease, this.#now);
        this.#save();
        return;
      case 'ask':
        return this.#say(message.from, message.round, message.isTime);
      case 'said':
        return this.#heard(message);
      case 'begin':
        if (this.isVoting || this.file.bootstrapSet.length > 0) return;
        if (message.bootstrapSet.includes(this.file.id)) this.#found(message.bootstrapSet);
        return;
      case 'voted':
      case 'confirmed':
        return;
    }
  }

  #acquire(from: number, lease: string): void {
    const ask = { leaseId: lease, clientId: String(from), ttlMs: this.#ttl };
    const outcome = this.isVoting ? this.#node.acquire(resource, ask, this.#now) : undefined;
    this.#save();
    const answer =
      outcome?.type === 'granted'
        ? outcome.token
        : outcome?.type === 'denied'
          ? 'denied'
          : 'silent';
    this.#send({ type: 'voted', to: from, from: this.#owner, lease, answer });
  }

  #confirm(from: number, lease: string, token: number): void {
    const answer = this.isVoting ? this.#node.confirm(resource, lease, token, this.#now) : 'silent';
    this.#save();
    this.#send({ type: 'confirmed', to: from, from: this.#owner, lease, answer });
  }

  #say(to: number, round: string, isTime: boolean): void {
    const { id, bootstrapSet } = this.file;
    const said = {
      voting: this.isVoting,
      fresh: !this.file.hasVoted,
      file_id: id,
      bootstrap_set: bootstrapSet,
      after: '',
      longest_lease_ms: this.#ttl + drift,
    };
    const tokens = isTime ? this.#node.tokens(this.#node.names()) : [];
    const { floor } = this.#node;
    this.#send({ type: 'said', to, from: this.#owner, round, said, floor, tokens });
  }

  #askOthers(): boolean {
    const recovery = this.#recovery;
    if (recovery === undefined || !this.mayAsk) return false;
    this.#rounds += 1;
    const { id, starts } = this.file;
    const isTime = recovery.beginRound(this.#now);
    const round = { id: `${id}.${starts}.${this.#rounds}`, isTime, pending: new Set<number>() };
    this.#round = round;
    for (let to = 0; to < nodeCount; to++) {
      if (to === this.#owner) continue;
      round.pending.add(to);
      this.#send({ type: 'ask', to, from: this.#owner, round: round.id, isTime });
    }
    return true;
  }

  #heard(message: Extract<LeaseMessage, { type: 'said' }>): void {
    const round = this.#round;
    if (this.isVoting || round?.id !== message.round || !round.pending.delete(message.from)) return;
    const { said, floor, tokens } = message;
    this.#node.adopt(floor, tokens);
    this.#save();
    this.#recovery?.heard(said, round.isTime);
    const { bootstrapSet } = this.file;
    if (said.fresh && said.bootstrap_set.length === 0 && bootstrapSet.length > 0)
      this.#send({ type: 'begin', to: message.from, from: this.#owner, bootstrapSet });
    if (round.pending.size === 0) this.#endRound();
  }

  /** Those that have not answered have had their time. */
  #endRound(): boolean {
    const recovery = this.#recovery;
    if (recovery === undefined || this.#round === undefined) return false;
    this.#round = undefined;
    const bootstrapSet = recovery.bootstrapSetToWrite;
    if (bootstrapSet !== undefined) {
      this.#found(bootstrapSet);
      this.hasFounded = true;
    }
    if (!recovery.mayVote()) return true;
    this.isVoting = true;
    this.file = { ...this.file, hasVoted: true, starts: 0 };
    return true;
  }

  #found(bootstrapSet: readonly number[]): void {
    this.file = { ...this.file, bootstrapSet };
    this.#recovery?.found(bootstrapSet);
  }

  #save(): void {
    const { rows, dropped, tombstones, forgotten, floor } = this.#node.changes();
    const kept = [...this.file.tombstones, ...tombstones].filter((id) => !forgotten.includes(id));
    const row = rows[0] ?? (dropped.length > 0 ? undefined : this.file.row);
    this.file = {
      ...this.file,
      row: row === undefined ? undefined : rowOnDisk(row),
      tombstones: kept.toSorted(),
      floor: floor ?? this.file.floor,
    };
    this.#node.saved();
  }

  #send(message: LeaseMessage): void {
    this.#sent.push(message);
  }
}

/** Without when it ends: that is of a clock which means nothing after a restart. */
function rowOnDisk({ resource, maxToken, lease }: LeaseRow): LeaseRow {
  if (lease === undefined) return { resource, maxToken, lease };
  const { id, clientId, ttlMs, token } = lease;
  return { resource, maxToken, lease: { id, clientId, ttlMs, token } };
}

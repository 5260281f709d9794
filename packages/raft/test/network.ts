/**
 * A whole Raft cluster in one thread: virtual time, a network that loses, delays, doubles and cuts,
 * disks that are slow and lose what was not synced. One seed decides everything.
 *
 * The checks run after every step and name the property that broke (Raft paper, figure 3).
 */
import assert from 'node:assert/strict';
import type { CommittedEntry } from '@holdfast/checker';
import { createRaft, decodeMembership } from '../src/index.ts';
import { Disk, hashOf, metaOf, restored } from './disk.ts';
import { checkCommitment, checkCompleteness, checkDurable, checkLogs, holds } from './promises.ts';
import type { Node } from './promises.ts';
import { randomFrom } from './random.ts';
import type {
  Entry,
  LogIndex,
  Member,
  MemberId,
  Membership,
  Message,
  Output,
  Raft,
  RaftConfig,
} from '../src/index.ts';

/** Limits of the core that a test may change. */
export type Limits = Partial<Omit<RaftConfig, 'id' | 'random'>>;

interface Flying {
  readonly at: number;
  readonly from: MemberId;
  readonly to: MemberId;
  readonly message: Message;
}

export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  readonly maxDelay: number;
  readonly slowDisk: number;
  /** Share of the chunks of snapshots that arrive with a wrong byte. */
  readonly damage: number;
}

export class Network {
  readonly random: () => number;
  readonly nodes = new Map<MemberId, Node>();
  readonly initial: Membership;
  faults: Faults = { loss: 0, duplication: 0, maxDelay: 2, slowDisk: 2, damage: 0 };
  /** Directed pairs that are cut. */
  readonly cuts = new Set<string>();
  now = 0;
  #flying: Flying[] = [];
  readonly #leaders = new Map<number, MemberId>();
  /** What was committed anywhere, by index. */
  readonly committed: (CommittedEntry & { readonly text: string })[] = [];
  #nextCommand = 1;
  #nextRead = 1;
  readonly #reads = new Map<string, LogIndex>();
  provenReads = 0;
  snapshotsInstalled = 0;
  damageFound = 0;
  readonly #limits: Limits;
  /** Index of each snapshot ever stored, by hash. */
  readonly #snapshots = new Map<string, LogIndex>();
  readonly trace: string[] = [];

  constructor(seed: number, ids: readonly string[], limits: Limits = {}) {
    this.random = randomFrom(seed);
    this.#limits = limits;
    const members: Member[] = ids.map((id) => ({ id: id as MemberId, address: id, role: 'voter' }));
    this.initial = { members };
    for (const id of ids) this.addNode(id as MemberId, this.initial);
  }

  addNode(id: MemberId, membership: Membership): void {
    const node: Node = {
      id,
      disk: new Disk(membership),
      raft: undefined,
      queue: [],
      applied: [],
      appliedIndex: 0,
      ledTerm: 0,
      ledCommit: 0,
      tickEvery: 1,
      writeDelay: 0,
      readers: new Map(),
      verifying: undefined,
      prepared: new Map(),
    };
    this.nodes.set(id, node);
    this.start(id);
  }

  start(id: MemberId): void {
    const node = this.#node(id);
    node.raft = createRaft(
      {
        id,
        heartbeatTicks: 3,
        electionTicksMin: 10,
        electionTicksMax: 20,
        random: this.random,
        maxEntryBytes: 1000,
        maxAppendBytes: 200,
        snapshotChunkBytes: 100,
        maxSnapshotInflightBytes: 350,
        maxTransferIdleTicks: 60,
        maxKeptBytes: 4000,
        maxInflightBytes: 500,
        maxInflightMessages: 4,
        maxUncommittedBytes: 4000,
        maxWriteTicks: 40,
        ...this.#limits,
      },
      node.disk.recovered(),
    );
    node.applied = restored(node.disk.snapshot, node.disk.snapshotBytes);
    node.appliedIndex = node.disk.snapshot.index;
    this.pump(node);
  }

  /** The process dies: what the disk had not synced is gone, a prefix of what was under way may have made it. */
  crash(id: MemberId): void {
    const node = this.#node(id);
    if (node.raft === undefined) return;
    const made = Math.floor(this.random() * (node.queue.length + 1));
    for (const { write } of node.queue.slice(0, made)) node.disk.write(write);
    node.queue = [];
    node.raft = undefined;
    node.readers = new Map();
    node.verifying = undefined;
    node.prepared = new Map();
    for (const key of this.#reads.keys()) if (key.startsWith(`${id} `)) this.#reads.delete(key);
    this.#flying = this.#flying.filter((flying) => flying.to !== id);
    for (const other of this.nodes.values()) {
      if (other.raft === undefined || other.id === id) continue;
      other.raft.peerUnreachable(id);
      this.pump(other);
    }
  }

  /** One unit of time. */
  step(): void {
    this.now += 1;
    for (const node of this.nodes.values()) {
      while (
        node.raft !== undefined &&
        node.queue[0] !== undefined &&
        node.queue[0].doneAt <= this.now
      ) {
        const { write } = node.queue.shift() ?? assert.fail();
        node.disk.write(write);
        node.raft.persisted(write.id);
        this.pump(node);
      }
      this.#verify(node);
      if (node.raft !== undefined && this.now % node.tickEvery === 0) {
        node.raft.tick();
        this.pump(node);
      }
    }
    const due = this.#flying.filter((flying) => flying.at <= this.now);
    this.#flying = this.#flying.filter((flying) => flying.at > this.now);
    const unpumped = new Set<Node>();
    for (const { from, to, message } of due) {
      const node = this.nodes.get(to);
      if (node?.raft === undefined || this.cuts.has(`${from} ${to}`)) continue;
      this.trace.push(
        `${this.now} ${from}->${to} ${JSON.stringify({ ...message, entries: undefined, data: undefined })}`,
      );
      node.raft.step(from, message);
      // A socket hands over what came together: several messages are one step of the host.
      if (this.random() < 0.4) unpumped.add(node);
      else {
        unpumped.delete(node);
        this.pump(node);
      }
    }
    for (const node of unpumped) this.pump(node);
  }

  propose(id: MemberId): boolean {
    const node = this.#node(id);
    if (node.raft === undefined) return false;
    const answer = node.raft.propose(new TextEncoder().encode(`c${String(this.#nextCommand++)}`));
    this.pump(node);
    return answer.ok;
  }

  read(id: MemberId): void {
    const node = this.#node(id);
    if (node.raft === undefined) return;
    const readId = this.#nextRead++;
    this.#reads.set(`${id} ${String(readId)}`, this.committed.length);
    node.raft.requestRead(readId);
    this.pump(node);
  }

  leader(): Node | undefined {
    return [...this.nodes.values()].find((node) => node.raft?.status().ready === true);
  }

  /** A node that is at a delicate point of a snapshot transfer: between chunks, verifying, installing. */
  receiver(): Node | undefined {
    return [...this.nodes.values()].find(
      ({ raft, verifying, disk, queue }) =>
        raft !== undefined &&
        (verifying !== undefined ||
          disk.receiving !== undefined ||
          queue.some(({ write }) => write.installSnapshot !== undefined)),
    );
  }

  /** Stores a snapshot and forgets the log but for `kept` entries. */
  compact(id: MemberId, kept: number = Math.floor(this.random() * 5)): void {
    const node = this.#node(id);
    if (node.raft === undefined || node.appliedIndex <= node.disk.snapshot.index) return;
    const term = node.raft.termAt(node.appliedIndex);
    if (term === undefined) return;
    // The bytes of two nodes are the same, or differ on purpose, so that a mixture of them is noticed.
    const by = this.random() < 0.5 ? 'all' : `${id} at ${String(this.now)}`;
    const { appliedIndex: index, applied } = node;
    const membership = node.raft.membershipAt(index);
    const bytes = new TextEncoder().encode(
      JSON.stringify({ by, index, term, membership, applied }),
    );
    const meta = metaOf(index, term, membership, bytes);
    const keepFrom = Math.max(node.raft.status().firstIndex, meta.index + 1 - kept);
    // Only durable entries may be dropped from the disk; the rest is still under way.
    if ((node.disk.entries.at(-1)?.index ?? node.disk.snapshot.index) < meta.index) return;
    node.disk.save(meta, bytes);
    this.#snapshots.set(meta.hash, meta.index);
    const effective = node.raft.compacted(meta, keepFrom);
    this.pump(node);
    if (effective !== undefined) node.disk.forgetBefore(effective);
  }

  /** The host reads the received bytes back, and restores a state from them, before it tells the core. */
  #verify(node: Node): void {
    if (node.raft === undefined || node.verifying === undefined) return;
    const { meta, doneAt } = node.verifying;
    if (doneAt > this.now) return;
    node.verifying = undefined;
    const bytes = node.disk.receiving?.bytes ?? assert.fail('the received bytes are gone');
    const isGood = hashOf(bytes) === meta.hash;
    if (isGood) node.prepared.set(meta.hash, restored(meta, bytes));
    else this.damageFound += 1;
    node.raft.snapshotVerified(meta, isGood);
    this.pump(node);
  }

  pump(node: Node): void {
    const { raft } = node;
    if (raft === undefined) return;
    for (;;) {
      const output = raft.takeOutput();
      this.#execute(node, raft, output);
      if (
        output.committed.length === 0 &&
        output.writes.length === 0 &&
        output.messages.length === 0
      )
        break;
    }
    const status = raft.status();
    if (status.role === 'leader') {
      const known = this.#leaders.get(status.term);
      assert.ok(
        known === undefined || known === node.id,
        `election safety: ${String(known)} and ${node.id} lead term ${String(status.term)}`,
      );
      if (known === undefined) {
        this.#leaders.set(status.term, node.id);
        checkCompleteness(node, raft, this.committed);
      }
      checkCommitment(node, raft, status.commit, status.term);
    }
  }

  #execute(node: Node, raft: Raft, output: Output): void {
    for (const write of output.writes) {
      const last = node.queue.at(-1)?.doneAt ?? this.now;
      node.queue.push({
        write,
        doneAt: Math.max(
          last,
          this.now + node.writeDelay + Math.floor(this.random() * this.faults.slowDisk),
        ),
      });
    }
    if (output.transfers !== undefined) this.#openSnapshots(node, output.transfers);
    for (const { to, message } of output.messages) this.#send(node.id, to, message, node);
    if (output.verify !== undefined) {
      assert.equal(node.verifying, undefined, 'one snapshot is verified at a time');
      const received = node.disk.receiving;
      assert.equal(received?.meta.hash, output.verify.hash, 'what is verified is on the disk');
      assert.equal(received.bytes.byteLength, output.verify.byteLength);
      const doneAt = this.now + Math.floor(this.random() * 20);
      node.verifying = { meta: output.verify, doneAt };
    }
    if (output.restore !== undefined) {
      this.snapshotsInstalled += 1;
      assert.equal(
        node.disk.snapshot.hash,
        output.restore.hash,
        'restore is told when the snapshot is durable',
      );
      node.applied =
        node.prepared.get(output.restore.hash) ?? assert.fail('a snapshot is not verified');
      node.prepared.clear();
      node.appliedIndex = output.restore.index;
      raft.appliedTo(node.appliedIndex);
    }
    for (const entry of output.committed) this.#apply(node, entry);
    if (output.committed.length > 0) raft.appliedTo(node.appliedIndex);
    for (const { readId, index } of output.reads) {
      const asked = this.#reads.get(`${node.id} ${String(readId)}`);
      assert.ok(asked !== undefined, 'a read that was not asked is proven');
      assert.ok(
        index >= asked,
        `stale read: index ${String(index)}, but ${String(asked)} was committed when it was asked`,
      );
      this.provenReads += 1;
      this.#reads.delete(`${node.id} ${String(readId)}`);
    }
    for (const readId of output.failedReads) this.#reads.delete(`${node.id} ${String(readId)}`);
  }

  #openSnapshots(node: Node, hashes: readonly string[]): void {
    const readers = new Map<string, Uint8Array>();
    for (const hash of hashes) {
      const bytes = node.readers.get(hash) ?? node.disk.open(hash);
      readers.set(hash, bytes ?? assert.fail(`${node.id} no longer has a snapshot that it sends`));
    }
    node.readers = readers;
  }

  #send(from: MemberId, to: MemberId, message: Message, node: Node): void {
    checkDurable(to, message, node, this.#snapshots);
    let filled = message;
    if (message.type === 'snapshot_chunk') {
      const { offset, byteLength, meta } = message;
      const bytes = node.readers.get(meta.hash);
      assert.ok(bytes !== undefined, `${from} sends of a snapshot that it does not name`);
      const data = Uint8Array.from(bytes.subarray(offset, offset + byteLength));
      assert.equal(data.byteLength, byteLength, 'a chunk reaches beyond the snapshot');
      if (byteLength > 0 && this.random() < this.faults.damage)
        data[0] = ((data[0] ?? 0) + 1) % 256;
      filled = { ...message, data };
    }
    const copies = this.random() < this.faults.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random() < this.faults.loss) continue;
      this.#flying.push({
        at: this.now + 1 + Math.floor(this.random() * this.faults.maxDelay),
        from,
        to,
        message: filled,
      });
    }
  }

  /** State machine safety: at an index all apply the same. */
  #apply(node: Node, entry: Entry): void {
    assert.equal(entry.index, node.appliedIndex + 1, 'entries are applied without gaps');
    node.appliedIndex = entry.index;
    const text =
      entry.kind === 'command'
        ? new TextDecoder().decode(entry.data)
        : entry.kind === 'membership'
          ? JSON.stringify(decodeMembership(entry.data))
          : '';
    const known = this.committed[entry.index - 1];
    const inTerm = node.raft?.status().term ?? assert.fail('who applies runs');
    if (known === undefined) {
      assert.equal(this.committed.length, entry.index - 1);
      this.committed.push({ index: entry.index, term: entry.term, inTerm, text });
      // Durable on a majority of the voters before it is applied anywhere.
      const voters = (node.raft?.status().membership.members ?? []).filter(
        (member) => member.role === 'voter',
      );
      const holding = voters.filter((voter) => holds(this.nodes.get(voter.id)?.disk, entry)).length;
      assert.ok(
        holding > voters.length / 2,
        `entry ${String(entry.index)} is applied, but durable on ${String(holding)} of ${String(voters.length)} only`,
      );
    } else {
      assert.deepEqual(
        { term: entry.term, text },
        { term: known.term, text: known.text },
        `state machine safety at ${String(entry.index)}`,
      );
      // Who applied it first may have heard of a later term already.
      if (inTerm < known.inTerm) this.committed[entry.index - 1] = { ...known, inTerm };
    }
    if (entry.kind === 'command') node.applied.push(text);
  }

  checkLogs(): void {
    checkLogs(this.nodes.values());
  }

  #node(id: MemberId): Node {
    return this.nodes.get(id) ?? assert.fail(`no node ${id}`);
  }
}

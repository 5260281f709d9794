/** What has to hold of the nodes in the network of the tests (Raft paper, figure 3). */
import assert from 'node:assert/strict';
import { lacksCommitted } from '@holdfast/checker';
import type { CommittedEntry } from '@holdfast/checker';
import type {
  Entry,
  LogIndex,
  MemberId,
  Message,
  Raft,
  SnapshotMeta,
  Write,
} from '../src/index.ts';
import type { Disk } from './disk.ts';

export interface Node {
  readonly id: MemberId;
  readonly disk: Disk;
  raft: Raft | undefined;
  queue: { readonly write: Write; readonly doneAt: number }[];
  /** The applied commands: the state machine. */
  applied: string[];
  appliedIndex: LogIndex;
  /** The latest term that this node led, and how far it was committed when last looked at. */
  ledTerm: number;
  ledCommit: LogIndex;
  tickEvery: number;
  /** How much longer than another's its disk takes for a write. */
  writeDelay: number;
  /** Open snapshots, by hash: those that the core says it sends. */
  readers: Map<string, Uint8Array>;
  /** The received snapshot that is being verified, one at a time. */
  verifying: { readonly meta: SnapshotMeta; readonly doneAt: number } | undefined;
  /** States restored from verified snapshots, by hash, which wait for `restore`. */
  prepared: Map<string, string[]>;
}

/** What a message promises is on the sender's disk when it leaves. */
export function checkDurable(
  to: MemberId,
  message: Message,
  { id, disk, raft }: Node,
  snapshots: ReadonlyMap<string, LogIndex>,
): void {
  const { term, votedFor } = disk.hardState;
  if (message.type === 'vote_answer' && message.granted) {
    assert.ok(
      term === message.term && votedFor === to,
      `${id} votes for ${to} in term ${String(message.term)}; on its disk is ${String(votedFor)} in term ${String(term)}`,
    );
  }
  if (message.type === 'snapshot_answer' && message.installed) {
    const index = snapshots.get(message.hash) ?? assert.fail('an unknown snapshot');
    assert.ok(
      (disk.entries.at(-1)?.index ?? disk.snapshot.index) >= index,
      `${id} says that a snapshot is installed that is not on its disk`,
    );
  }
  if (message.type === 'snapshot_answer' && !message.installed) {
    const received = disk.receiving?.meta.hash === message.hash ? disk.receiving.bytes : '';
    assert.ok(
      received.length >= message.nextOffset,
      `${id} acknowledges more of a snapshot than is on its disk`,
    );
  }
  if (message.type === 'append_answer') {
    assert.ok(term >= message.term, `${id} answers in a term that is not on its disk`);
    const last = disk.entries.at(-1)?.index ?? disk.snapshot.index;
    assert.ok(
      !message.accepted || last >= message.matchIndex,
      `${id} acknowledges more entries than are on its disk`,
    );
    // Unknown where a snapshot that is being installed has taken the log's place.
    const heldTerm = message.accepted ? raft?.termAt(message.matchIndex) : undefined;
    if (message.accepted && heldTerm !== undefined && message.matchIndex > disk.snapshot.index) {
      const held = disk.entries.find((entry) => entry.index === message.matchIndex);
      assert.equal(held?.term, heldTerm, `${id} acknowledges an entry, and another is on its disk`);
    }
  }
}

/** Only an entry of the leader's own term is committed by counting (paper, 5.4.2). */
export function checkCommitment(node: Node, raft: Raft, commit: LogIndex, term: number): void {
  if (node.ledTerm === term && commit > node.ledCommit) {
    assert.equal(
      raft.termAt(commit),
      term,
      `${node.id} commits an entry of an older term by counting`,
    );
  }
  node.ledTerm = term;
  node.ledCommit = commit;
}

export function holds(disk: Disk | undefined, entry: Entry): boolean {
  if (disk === undefined) return false;
  return (
    disk.snapshot.index >= entry.index ||
    disk.entries.some((held) => held.index === entry.index && held.term === entry.term)
  );
}

/** Leader completeness, of a new leader. */
export function checkCompleteness(
  node: Node,
  raft: Raft,
  committed: readonly CommittedEntry[],
): void {
  const { term, firstIndex } = raft.status();
  const log = { term, firstIndex, termAt: (index: LogIndex) => raft.termAt(index) };
  const missing = committed.find((entry) => lacksCommitted(log, entry));
  assert.equal(
    missing,
    undefined,
    `leader completeness: ${node.id} leads term ${String(term)} and lacks ${String(missing?.index)}`,
  );
}

/** Log matching: where two logs have an entry of the same index and term, they are the same up to there. */
export function checkLogs(nodes: Iterable<Node>): void {
  const logs = [...nodes].map(
    (node) => new Map(node.disk.entries.map((entry) => [entry.index, entry])),
  );
  for (const one of logs) {
    for (const other of logs) {
      if (one === other) continue;
      let matched = false;
      for (const index of [...one.keys()].sort((a, b) => b - a)) {
        const a = one.get(index);
        const b = other.get(index);
        if (a === undefined || b === undefined) continue;
        if (matched) assert.equal(a.term, b.term, `log matching at ${String(index)}`);
        if (a.term === b.term) {
          assert.deepEqual(a.data, b.data, `log matching at ${String(index)}`);
          matched = true;
        }
      }
    }
  }
}

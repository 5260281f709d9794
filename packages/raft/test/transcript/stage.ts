/** Cores on a stage: every message and every write waits until the script lets it go on. */
import assert from 'node:assert/strict';
import { createRaft } from '../../src/index.ts';
import type {
  Member,
  MemberId,
  Message,
  Output,
  ProposeAnswer,
  Raft,
  SnapshotMeta,
  Write,
} from '../../src/index.ts';
import { Disk, hashOf, metaOf } from '../disk.ts';
import { entryWords, messageWords, snapshotWords, statusWords, writeWords } from './words.ts';

interface Actor {
  readonly id: MemberId;
  readonly disk: Disk;
  raft: Raft | undefined;
  /** Handed out, not yet on disk. */
  writes: Write[];
  appliedIndex: number;
  readers: Map<string, Uint8Array>;
  verifying: SnapshotMeta | undefined;
}

interface Letter {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly message: Message;
}

const mostRounds = 200;
const snapshotBytes = 65;

export class Stage {
  readonly #actors = new Map<MemberId, Actor>();
  #letters: Letter[] = [];
  readonly #latest = new Map<string, Letter>();
  #said: string[] = [];
  #quiet = false;

  /** What was said since the last time this was asked. */
  takeSaid(): string[] {
    const said = this.#said;
    this.#said = [];
    return said;
  }

  add(id: MemberId, voters: readonly MemberId[]): void {
    const members: Member[] = voters.map((voter) => ({ id: voter, address: voter, role: 'voter' }));
    const disk = new Disk({ members });
    this.#actors.set(id, {
      id,
      disk,
      raft: undefined,
      writes: [],
      appliedIndex: 0,
      readers: new Map(),
      verifying: undefined,
    });
    this.start(id);
  }

  start(id: MemberId): void {
    const actor = this.#actor(id);
    assert.equal(actor.raft, undefined, `${id} runs already`);
    actor.raft = createRaft(
      {
        id,
        heartbeatTicks: 2,
        electionTicksMin: 10,
        electionTicksMax: 20,
        random: () => 0,
        maxEntryBytes: 400,
        maxAppendBytes: 60,
        snapshotChunkBytes: 10,
        maxSnapshotInflightBytes: 30,
        maxTransferIdleTicks: 40,
        maxKeptBytes: 200,
        maxInflightBytes: 4000,
        maxInflightMessages: 8,
        maxUncommittedBytes: 200,
        maxWriteTicks: 30,
      },
      actor.disk.recovered(),
    );
    actor.appliedIndex = actor.disk.snapshot.index;
    this.#pump(actor);
  }

  /** What had not reached the disk is gone; what is on its way to this node may still arrive, later. */
  crash(id: MemberId): void {
    const actor = this.#actor(id);
    actor.raft = undefined;
    actor.writes = [];
    actor.readers = new Map();
    actor.verifying = undefined;
  }

  /** Lets the core do something, and says what comes of it. */
  act(id: MemberId, input: (raft: Raft) => ProposeAnswer | undefined): void {
    const actor = this.#actor(id);
    assert.ok(actor.raft !== undefined, `${id} does not run`);
    const answer = input(actor.raft);
    if (answer?.ok === false)
      this.#say(
        `${id} refuses: ${answer.reason}${answer.detail === undefined ? '' : ` (${answer.detail})`}`,
      );
    this.#pump(actor);
  }

  /** The disk is done with everything that was handed to it. */
  persist(id: MemberId): void {
    const actor = this.#actor(id);
    const { writes } = actor;
    actor.writes = [];
    for (const write of writes) actor.disk.write(write);
    const last = writes.at(-1);
    if (last === undefined || actor.raft === undefined) return;
    actor.raft.persisted(last.id);
    this.#pump(actor);
  }

  /** Delivers what is under way now, in order; not what is sent in answer. */
  deliver(wanted: (letter: Letter) => boolean): number {
    const due = this.#letters.filter(wanted);
    this.#letters = this.#letters.filter((letter) => !wanted(letter));
    for (const letter of due) {
      const { from, to, message } = letter;
      this.#latest.set(`${from} ${to}`, letter);
      const actor = this.#actors.get(to);
      if (actor?.raft === undefined) continue;
      actor.raft.step(from, message);
      this.#pump(actor);
    }
    return due.length;
  }

  /** The network delivers once more what went from one to the other last. */
  repeat(from: MemberId, to: MemberId): void {
    const letter = this.#latest.get(`${from} ${to}`);
    assert.ok(letter !== undefined, `nothing went from ${from} to ${to}`);
    this.#letters.push(letter);
    this.deliver((other) => other === letter);
  }

  drop(wanted: (letter: Letter) => boolean): void {
    const kept = this.#letters.filter((letter) => !wanted(letter));
    this.#say(`${String(this.#letters.length - kept.length)} lost`);
    this.#letters = kept;
  }

  /** What is under way and wanted arrives, until nothing is; only what is committed and who leads is said. */
  settle(wanted: (letter: Letter) => boolean): void {
    this.#quiet = true;
    for (let round = 0; round < mostRounds; round++) {
      let moved = this.deliver(wanted);
      for (const actor of this.#actors.values()) {
        moved += actor.writes.length;
        this.persist(actor.id);
        if (actor.verifying !== undefined) {
          this.verify(actor.id, false);
          moved += 1;
        }
      }
      if (moved === 0) break;
    }
    this.#quiet = false;
  }

  /** Ticks, and settles after each. */
  tickSettled(id: MemberId, times: number): void {
    for (let count = 0; count < times; count++) {
      this.#quiet = true;
      this.act(id, (raft) => {
        raft.tick();
        return undefined;
      });
      this.settle(() => true);
    }
  }

  status(ids: readonly MemberId[]): void {
    for (const id of ids.length === 0 ? this.#actors.keys() : ids) {
      const { raft } = this.#actor(id);
      this.#say(`${id}: ${raft === undefined ? 'down' : statusWords(raft.status())}`);
    }
  }

  log(id: MemberId): void {
    const { entries } = this.#actor(id).disk;
    this.#say(`${id} on disk: ${entries.map(entryWords).join(', ') || 'nothing'}`);
  }

  /**
   * Stores a snapshot of what is applied and forgets all but the last `keep` entries before it. Two nodes
   * that write the same `text` in it have the same snapshot.
   */
  snapshot(id: MemberId, keep: number, text: string): void {
    const actor = this.#actor(id);
    const { raft, disk, appliedIndex: index } = actor;
    assert.ok(raft !== undefined, `${id} does not run`);
    const bytes = new TextEncoder().encode(`${text} `.padEnd(snapshotBytes, String(index)));
    const meta = metaOf(index, raft.termAt(index) ?? 0, raft.membershipAt(index), bytes);
    disk.save(meta, bytes);
    const kept = raft.compacted(meta, Math.max(raft.status().firstIndex, index + 1 - keep));
    this.#pump(actor);
    if (kept !== undefined) disk.forgetBefore(kept);
  }

  /** Says whether the received snapshot is good; with `damaged` a byte on the disk is not what was sent. */
  verify(id: MemberId, isDamaged: boolean): void {
    const actor = this.#actor(id);
    const { verifying: meta, disk, raft } = actor;
    assert.ok(raft !== undefined && meta !== undefined, `${id} has nothing to verify`);
    const bytes = Uint8Array.from(disk.receiving?.bytes ?? []);
    if (isDamaged) bytes[0] = 0;
    actor.verifying = undefined;
    raft.snapshotVerified(meta, hashOf(bytes) === meta.hash);
    this.#pump(actor);
  }

  #pump(actor: Actor): void {
    const { raft } = actor;
    if (raft === undefined) return;
    for (;;) {
      const output = raft.takeOutput();
      this.#execute(actor, raft, output);
      if (output.committed.length + output.reads.length === 0) return;
    }
  }

  #execute(actor: Actor, raft: Raft, output: Output): void {
    const { id } = actor;
    for (const write of output.writes) {
      actor.writes.push(write);
      this.#whisper(`${id} writes: ${writeWords(write)}`);
    }
    if (output.transfers !== undefined) this.#openSnapshots(actor, output.transfers);
    for (const { to, message } of output.messages) {
      this.#letters.push({ from: id, to, message: filled(actor, message) });
      this.#whisper(`${id} > ${to}: ${messageWords(message)}`);
    }
    if (output.verify !== undefined) {
      actor.verifying = output.verify;
      this.#say(`${id} is to verify the snapshot ${snapshotWords(output.verify)}`);
    }
    if (output.restore !== undefined) {
      actor.appliedIndex = output.restore.index;
      raft.appliedTo(output.restore.index);
      this.#say(`${id} restores the snapshot of ${String(output.restore.index)}`);
    }
    for (const entry of output.committed) {
      actor.appliedIndex = entry.index;
      this.#say(`${id} applies ${entryWords(entry)}`);
    }
    if (output.committed.length > 0) raft.appliedTo(actor.appliedIndex);
    for (const { readId, index } of output.reads)
      this.#say(`${id} proves read ${String(readId)} at ${String(index)}`);
    for (const readId of output.failedReads) this.#say(`${id} cannot prove read ${String(readId)}`);
    if (output.status !== undefined) this.#say(`${id} is ${statusWords(output.status)}`);
  }

  #openSnapshots(actor: Actor, hashes: readonly string[]): void {
    const readers = new Map<string, Uint8Array>();
    for (const hash of hashes)
      readers.set(hash, actor.readers.get(hash) ?? actor.disk.open(hash) ?? assert.fail(hash));
    actor.readers = readers;
    const names = hashes.map((hash) => hash.slice(0, 4)).join(', ');
    this.#say(`${actor.id} sends of: ${names || 'no snapshot'}`);
  }

  #say(line: string): void {
    this.#said.push(line);
  }

  #whisper(line: string): void {
    if (!this.#quiet) this.#say(line);
  }

  #actor(id: MemberId): Actor {
    return this.#actors.get(id) ?? assert.fail(`there is no node "${id}"`);
  }
}

function filled({ readers }: Actor, message: Message): Message {
  if (message.type !== 'snapshot_chunk') return message;
  const { meta, offset, byteLength } = message;
  const bytes = readers.get(meta.hash) ?? assert.fail('a snapshot is sent that is not named');
  return { ...message, data: bytes.slice(offset, offset + byteLength) };
}

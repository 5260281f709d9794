/**
 * The incarnations of peers as first met, or as a member first told of them (IDENTITY-1 of `identity.ts`). An entry
 * is never changed: a member that comes back with another folder has to be removed, and added under an id
 * that was never used.
 *
 * KNOWN-1: passed on, and remembered for good, is only what concerns a member by the own log. So whoever is no
 *     member leaves no trace, keeps nobody out who becomes one, and cannot make it grow. A node that joins writes
 *     down as well what members tell it of ids that its log does not name yet, until its log names members.
 * KNOWN-2: ids and incarnations have their forms. What a file holds in another form is no peer's.
 * KNOWN-3: what is passed on has at most `maxToldBytes`, so that a hello with it is one that is taken.
 * KNOWN-4: nothing that is said on a connection counts before the disk has what was remembered by then.
 */
import { join } from 'node:path';
import type { MemberId } from '@holdfast/raft';
import type { Disk } from '@holdfast/storage/parts';
import { maxHelloBytes } from './bounds.ts';
import { DurableFile } from './durable-file.ts';
import { readJson } from './identity.ts';
import { isIncarnation, isPeerId } from './transport/peer-names.ts';
import type { PeerKnowledge } from './transport/types.ts';

type Knowledge = Pick<PeerKnowledge, 'isKnownMember' | 'isJoining'>;

/** KNOWN-3. Half of a hello. */
const maxToldBytes = maxHelloBytes / 2;
/** What a node that joins keeps in memory of those who may be members: more than a cluster ever has. */
const maxHeardOf = 128;

export const knownPeersName = 'known-peers.json';
/** In front of the id in the file. No id has a space, and a release that does not know it takes no notice (KNOWN-2). */
const heardPrefix = 'heard ';

export class KnownPeers {
  readonly #file: DurableFile;
  readonly #knowledge: Knowledge;
  readonly #incarnations: Map<string, string>;
  /** What a node that joins was told of ids that its log does not name yet. */
  readonly #heardOf: Map<string, string>;
  /** Set while the disk has not got all of it; for good where it refuses it. */
  #unwritten: Promise<void> | undefined;

  /** @throws Error when the file is damaged: to forget who is known would let a lost folder vote. */
  constructor(folder: string, knowledge: Knowledge, disk: Disk) {
    this.#file = new DurableFile(disk, folder, knownPeersName);
    this.#knowledge = knowledge;
    const path = join(folder, knownPeersName);
    // That it is not lost, `peer-files.ts` sees to (IDENTITY-5).
    const read = readJson(path);
    const found = read === undefined ? {} : read;
    if (!isRecordOfTexts(found)) {
      throw new Error(
        `${path} is damaged. Restore it from a copy, or add this node under a new id.`,
      );
    }
    this.#incarnations = new Map(wellFormed(found)); // KNOWN-2
    const heard = Object.entries(found).filter(([key]) => key.startsWith(heardPrefix));
    const heardOf = heard.map(([key, value]) => [key.slice(heardPrefix.length), value] as const);
    this.#heardOf = new Map(wellFormed(Object.fromEntries(heardOf)).slice(0, maxHeardOf));
  }

  /** Undefined: the disk has all that is remembered (KNOWN-4). Rejects with `DiskError` where it refuses it. */
  durable(): Promise<void> | undefined {
    return this.#unwritten;
  }

  /** Nothing is being written any more. */
  settled(): Promise<void> {
    return this.#file.settled();
  }

  /** As which this peer was met, or as a member is known. */
  incarnationOf(id: MemberId): string | undefined {
    return this.#incarnations.get(id);
  }

  /** True when this peer is new or the one that was met before. Nothing of it counts before what is remembered of it is `durable`. */
  accepts(id: MemberId, incarnation: string): boolean {
    if (!isPeerId(id) || !isIncarnation(incarnation)) return false;
    const known = this.#incarnations.get(id) ?? this.#heardOf.get(id);
    if (known !== undefined && known !== incarnation) return false;
    if (this.#knowledge.isKnownMember(id)) this.#remember([[id, known ?? incarnation]]);
    return true;
  }

  /**
   * What a peer tells of the members it has met. Without it, a node that joined after a member was last
   * heard of would take that member's new folder for the only one there ever was, and the two could form
   * a majority that does not have what is committed. What is known already stays: somebody else's word
   * never lets in, or keeps out, a peer that this node has met itself.
   */
  learn(from: MemberId, told: unknown): void {
    const { isKnownMember, isJoining } = this.#knowledge;
    if (!isKnownMember(from) || !isRecordOfTexts(told)) return;
    const unknown = wellFormed(told).filter(([id]) => !this.#incarnations.has(id));
    this.#remember(unknown.filter(([id]) => isKnownMember(id as MemberId)));
    if (!isJoining()) return;
    const before = this.#heardOf.size;
    for (const [id, incarnation] of unknown) {
      if (this.#incarnations.has(id) || this.#heardOf.size >= maxHeardOf) continue;
      if (!this.#heardOf.has(id)) this.#heardOf.set(id, incarnation);
    }
    if (this.#heardOf.size > before) this.#write();
  }

  /** The own log names other members than before: what was heard of them counts, of others no more. */
  onMembership(): void {
    const { isKnownMember, isJoining } = this.#knowledge;
    if (isJoining() || this.#heardOf.size === 0) return;
    const settled = [...this.#heardOf].filter(([id]) => isKnownMember(id as MemberId));
    this.#heardOf.clear();
    this.#remember(settled);
    this.#write();
  }

  /** To be told to others: members first, then those met last (KNOWN-3). */
  toTell(): Readonly<Record<string, string>> {
    const newest = [...this.#incarnations].toReversed();
    const isMember = ([id]: readonly [string, string]): boolean =>
      this.#knowledge.isKnownMember(id as MemberId);
    const ordered = [...newest.filter(isMember), ...newest.filter((entry) => !isMember(entry))];
    const told: [string, string][] = [];
    let bytes = 2;
    for (const entry of ordered) {
      bytes += Buffer.byteLength(JSON.stringify(entry));
      if (bytes > maxToldBytes) break;
      told.push(entry);
    }
    return Object.fromEntries(told);
  }

  #remember(entries: readonly (readonly [string, string])[]): void {
    const added = entries.filter(([id]) => !this.#incarnations.has(id));
    if (added.length === 0) return;
    for (const [id, incarnation] of added) this.#incarnations.set(id, incarnation);
    this.#write();
  }

  #write(): void {
    const heard = [...this.#heardOf].map(([id, value]) => [`${heardPrefix}${id}`, value] as const);
    const all = Object.fromEntries([...this.#incarnations, ...heard]);
    const written = this.#file.write(`${JSON.stringify(all, null, 2)}\n`).then(() => {
      if (this.#unwritten === written) this.#unwritten = undefined;
    });
    // Whoever asks whether it is durable is told that it failed, at every attempt.
    written.catch(() => undefined);
    this.#unwritten = written;
  }
}

const wellFormed = (record: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(record).filter(([id, incarnation]) => isPeerId(id) && isIncarnation(incarnation));

function isRecordOfTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

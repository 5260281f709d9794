/**
 * Which process of a member this node has taken messages of. Two processes on copies of one folder could
 * vote twice in a term, and acknowledge what only one of them has.
 *
 * RUN-1: before the first message of a process counts, it is durably known here as the latest of its member; its
 *     connection is not read while the disk takes that. From then on no process counts that was started earlier, or as the same start a second time, or whose folder
 *     has had another process in the place of that one: its folder is an older copy, or went another way.
 * RUN-2: written down is only what concerns a member by the own log, one process each.
 *
 * What remains: a folder copied while the latest process ran, of which the original has ended, cannot be told
 * from that member's own restart, though it lacks what was acknowledged since.
 */
import { join } from 'node:path';
import type { MemberId } from '@holdfast/raft';
import type { Disk } from '@holdfast/storage/parts';
import { DurableFile } from './durable-file.ts';
import { readJson } from './identity.ts';
import { isPeerId } from './transport/peer-names.ts';
import { isRun } from './transport/run-names.ts';
import type { Run } from './transport/run-names.ts';
import type { PeerKnowledge } from './transport/types.ts';

export const peerRunsName = 'peer-runs.json';

export class PeerRuns {
  readonly #file: DurableFile;
  readonly #knowledge: Pick<PeerKnowledge, 'isKnownMember'>;
  readonly #latest: Map<string, Run>;
  /** Of which the disk has not got the latest yet; for good where it refuses it. */
  readonly #unwritten = new Map<string, Promise<void>>();

  /** @throws Error when the file is damaged: to forget which process counts would let an older copy vote. */
  constructor(folder: string, knowledge: Pick<PeerKnowledge, 'isKnownMember'>, disk: Disk) {
    this.#file = new DurableFile(disk, folder, peerRunsName);
    this.#knowledge = knowledge;
    this.#latest = readLatest(join(folder, peerRunsName));
  }

  /** The process on account of which this one never counts; undefined where there is none (RUN-1). */
  laterThan(id: MemberId, runs: readonly Run[]): Run | undefined {
    const latest = this.#latest.get(id);
    const own = runs.at(-1);
    if (latest === undefined || own === undefined || own.run === latest.run) return undefined;
    if (own.starts <= latest.starts) return latest;
    // What its folder remembers may begin later, or leave one out.
    const then = runs.find(({ starts }) => starts === latest.starts);
    return then !== undefined && then.run !== latest.run ? latest : undefined;
  }

  /** 0 where no process has counted yet. */
  latestStarts(id: MemberId): number {
    return this.#latest.get(id)?.starts ?? 0;
  }

  /**
   * A message of the last of these processes is about to count. Undefined: it does; else it does once that resolves. Rejects with
   * `DiskError`: nothing of this process ever counts here.
   */
  count(id: MemberId, runs: readonly Run[]): Promise<void> | undefined {
    const run = runs.at(-1);
    if (run === undefined || !this.#knowledge.isKnownMember(id)) return undefined;
    if (this.#latest.get(id)?.run !== run.run) this.#write(id, run);
    return this.#unwritten.get(id);
  }

  /** In memory at once: from here on no earlier process comes in between. */
  #write(id: MemberId, run: Run): void {
    this.#latest.set(id, run);
    const members = [...this.#latest].filter(([other]) =>
      this.#knowledge.isKnownMember(other as MemberId),
    );
    const text = `${JSON.stringify(Object.fromEntries(members), null, 2)}\n`;
    const written = this.#file.write(text).then(() => {
      if (this.#unwritten.get(id) === written) this.#unwritten.delete(id);
    });
    written.catch(() => undefined); // Whoever asks is told.
    this.#unwritten.set(id, written);
  }

  /** Nothing is being written any more. */
  settled(): Promise<void> {
    return this.#file.settled();
  }
}

function readLatest(path: string): Map<string, Run> {
  // That it is not lost, `peer-files.ts` sees to (IDENTITY-5).
  const read = readJson(path);
  const found = read === undefined ? {} : read;
  const isRecord = typeof found === 'object' && found !== null && !Array.isArray(found);
  const entries = isRecord ? Object.entries(found) : [];
  const runs = entries.flatMap(([id, run]) =>
    isPeerId(id) && isRun(run) ? [[id, run] as const] : [],
  );
  if (!isRecord || runs.length < entries.length)
    throw new Error(`${path} is damaged. Restore it from a copy, or add this node under a new id.`);
  return new Map(runs);
}

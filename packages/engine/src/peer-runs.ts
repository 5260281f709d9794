/**
 * Which process of a member this node has taken messages of. Two processes on copies of one folder could
 * vote twice in a term, and acknowledge what only one of them has.
 *
 * RUN-1: before the first message of a process counts, it is durably known here as the latest of its member. From
 *     then on no process counts that was started earlier, or as the same start a second time, or whose folder
 *     has had another process in the place of that one: its folder is an older copy, or went another way.
 * RUN-2: written down is only what concerns a member by the own log, one process each.
 *
 * What remains: a folder copied while the latest process ran, of which the original has ended, cannot be told
 * from that member's own restart, though it lacks what was acknowledged since.
 */
import { join } from 'node:path';
import type { MemberId } from '@holdfast/raft';
import { readJson, writeDurably } from './identity.ts';
import { isPeerId } from './transport/peer-names.ts';
import { isRun } from './transport/run-names.ts';
import type { Run } from './transport/run-names.ts';
import type { PeerKnowledge } from './transport/types.ts';

const fileName = 'peer-runs.json';

export class PeerRuns {
  readonly #folder: string;
  readonly #knowledge: Pick<PeerKnowledge, 'isKnownMember'>;
  readonly #latest: Map<string, Run>;

  /** @throws Error when the file is damaged: to forget which process counts would let an older copy vote. */
  constructor(folder: string, knowledge: Pick<PeerKnowledge, 'isKnownMember'>) {
    this.#folder = folder;
    this.#knowledge = knowledge;
    this.#latest = readLatest(join(folder, fileName));
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

  /** A message of this process is about to count. The event loop waits for the disk, once in the life of each. */
  count(id: MemberId, run: Run): void {
    const latest = this.#latest.get(id);
    if (latest?.run === run.run || !this.#knowledge.isKnownMember(id)) return;
    const members = [...this.#latest].filter(([other]) =>
      this.#knowledge.isKnownMember(other as MemberId),
    );
    const all = Object.fromEntries([...members, [id, run]]);
    writeDurably(this.#folder, fileName, `${JSON.stringify(all, null, 2)}\n`);
    this.#latest.set(id, run);
  }
}

function readLatest(path: string): Map<string, Run> {
  const found = readJson(path) ?? {};
  const isRecord = typeof found === 'object' && found !== null && !Array.isArray(found);
  const entries = isRecord ? Object.entries(found) : [];
  const runs = entries.flatMap(([id, run]) =>
    isPeerId(id) && isRun(run) ? [[id, run] as const] : [],
  );
  if (!isRecord || runs.length < entries.length)
    throw new Error(`${path} is damaged. Restore it from a copy, or add this node under a new id.`);
  return new Map(runs);
}

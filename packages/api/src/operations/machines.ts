/**
 * What the members stand on: release, disk, memory. Each member knows its own; the one that is asked asks the others.
 *
 * MACHINES-1: what is asked of others is bounded: all who ask within a second get one answer, and a member that does not
 *     answer in time, or answers something else, is told as one that did not answer.
 */
import { nodeIdentity } from '@holdfast/state';
import type { Engine } from '@holdfast/engine';
import type { Clock } from '@holdfast/engine/parts';
import type { MachineAnswer } from '@holdfast/protocol';
import type { DiskSpace } from '../metrics/machine.ts';

/** What members call the question; one of an older release answers none of this name. */
const question = 'machine';
const answerWithinMs = 2000;
const freshMs = 1000;
const longestVersion = 64;

type Machine = Omit<MachineAnswer, 'node_id' | 'answered'>;

export interface MachinesParts {
  readonly engine: Pick<Engine, 'status' | 'stats' | 'askMember' | 'onAsked'>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly version: string;
  readonly diskSpace: (() => Promise<DiskSpace>) | undefined;
  readonly longestTurnSeconds: () => number;
}

export class Machines {
  readonly #parts: MachinesParts;
  #latest:
    { readonly untilMs: number; readonly all: Promise<readonly MachineAnswer[]> } | undefined;

  constructor(parts: MachinesParts) {
    this.#parts = parts;
    parts.engine.onAsked(() => this.#own(), question);
  }

  /** In the order of the members. Never rejects for a member. */
  all(): Promise<readonly MachineAnswer[]> {
    const now = this.#parts.clock.now();
    if (this.#latest === undefined || now >= this.#latest.untilMs)
      this.#latest = { untilMs: now + freshMs, all: this.#askAll() };
    return this.#latest.all;
  }

  #askAll(): Promise<readonly MachineAnswer[]> {
    const { members } = this.#parts.engine.status();
    return Promise.all(members.map(({ id }) => this.#ask(id)));
  }

  async #ask(id: string): Promise<MachineAnswer> {
    const { engine } = this.#parts;
    const told =
      id === engine.status().nodeId
        ? this.#own()
        : engine.askMember(
            id,
            { about: question },
            { identity: nodeIdentity, timeoutMs: answerWithinMs },
          );
    const answer = await this.#inTime(told).catch(() => undefined);
    return { node_id: id, answered: answer !== undefined, ...(answer ?? unknownMachine) };
  }

  /** Also of this node itself: a disk may be silent. */
  async #inTime(told: Promise<unknown>): Promise<Machine | undefined> {
    let cancel: (() => void) | undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = this.#parts.clock.after(answerWithinMs, () => resolve(undefined));
    });
    try {
      return machineIn(await Promise.race([told, late]));
    } finally {
      cancel?.();
    }
  }

  async #own(): Promise<Machine> {
    const { engine, version, diskSpace, longestTurnSeconds } = this.#parts;
    const disk = await diskSpace?.().catch(() => undefined);
    return {
      version,
      applied_index: engine.status().appliedIndex,
      disk_free_bytes: disk?.freeBytes ?? null,
      disk_size_bytes: disk?.sizeBytes ?? null,
      stored_bytes: engine.stats().storage.sizeBytes,
      memory_bytes: process.memoryUsage.rss(),
      longest_turn_seconds: longestTurnSeconds(),
    };
  }
}

const unknownMachine: Machine = {
  version: null,
  applied_index: null,
  disk_free_bytes: null,
  disk_size_bytes: null,
  stored_bytes: null,
  memory_bytes: null,
  longest_turn_seconds: null,
};

/** Whatever a member of another release tells; what is no number is not known. */
function machineIn(told: unknown): Machine | undefined {
  if (typeof told !== 'object' || told === null) return undefined;
  const fields = told as Readonly<Record<string, unknown>>;
  const { version, longest_turn_seconds: turn } = fields;
  const count = (value: unknown): number | null =>
    Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null;
  return {
    version: typeof version === 'string' ? version.slice(0, longestVersion) : null,
    applied_index: count(fields['applied_index']),
    disk_free_bytes: count(fields['disk_free_bytes']),
    disk_size_bytes: count(fields['disk_size_bytes']),
    stored_bytes: count(fields['stored_bytes']),
    memory_bytes: count(fields['memory_bytes']),
    longest_turn_seconds: typeof turn === 'number' && turn >= 0 ? turn : null,
  };
}

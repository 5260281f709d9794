/**
 * What a client process believed of its holds and from when until when, written down before it goes on.
 * Times are those of `nowMs`, the same for all processes of this machine: true time.
 */
import { appendLine, readLines } from '../clients/lines.ts';

type HoldEvent =
  | { readonly type: 'asked'; readonly lock: string; readonly atMs: number }
  | { readonly type: 'refused'; readonly atMs: number }
  | {
      readonly type: 'granted';
      readonly token: number;
      readonly atMs: number;
      /** Null: the lease had run out before anything could be done with it. */
      readonly untilMs: number | null;
    }
  | { readonly type: 'renewed'; readonly untilMs: number }
  | { readonly type: 'wrote'; readonly write: GuardedWrite }
  | { readonly type: 'woke'; readonly awakening: Awakening }
  | { readonly type: 'releasing'; readonly atMs: number }
  | { readonly type: 'released'; readonly atMs: number };

export interface GuardedWrite {
  readonly accepted: boolean;
  /** Whether the writer held it still when it was answered. */
  readonly held: boolean;
}

/** It was paused while it held. */
export interface Awakening {
  readonly pausedMs: number;
  /** What `assertHeld` threw at once; null: nothing. */
  readonly code: string | null;
}

/** One attempt to take a lock, and what came of it. */
export interface HoldRecord {
  readonly client: string;
  readonly hold: string;
  readonly lock: string;
  readonly askedAtMs: number;
  readonly refused: boolean;
  /** As its client believed; undefined: it was told of none. */
  readonly granted:
    | { readonly token: number; readonly atMs: number; readonly untilMs: number | undefined }
    | undefined;
  readonly releasingAtMs: number | undefined;
  readonly releasedAtMs: number | undefined;
  readonly writes: readonly GuardedWrite[];
  readonly awakenings: readonly Awakening[];
}

export class HoldLog {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  write(hold: string, event: HoldEvent): void {
    appendLine(this.#path, { hold, ...event });
  }
}

/** Reads what a process wrote that has ended. */
export function readHolds(client: string, path: string): HoldRecord[] {
  const records = new Map<string, HoldRecord>();
  for (const line of readLines<HoldEvent & { readonly hold: string }>(path)) {
    const { hold } = line;
    const record = records.get(hold);
    if (line.type === 'asked')
      records.set(hold, {
        client,
        hold,
        lock: line.lock,
        askedAtMs: line.atMs,
        refused: false,
        granted: undefined,
        releasingAtMs: undefined,
        releasedAtMs: undefined,
        writes: [],
        awakenings: [],
      });
    else if (record !== undefined) records.set(hold, after(record, line));
  }
  return [...records.values()];
}

function after(
  record: HoldRecord,
  event: Exclude<HoldEvent, { readonly type: 'asked' }>,
): HoldRecord {
  switch (event.type) {
    case 'refused':
      return { ...record, refused: true };
    case 'granted': {
      const { token, atMs, untilMs } = event;
      return { ...record, granted: { token, atMs, untilMs: untilMs ?? undefined } };
    }
    case 'renewed': {
      const { granted } = record;
      if (granted === undefined) return record;
      return { ...record, granted: { ...granted, untilMs: event.untilMs } };
    }
    case 'wrote':
      return { ...record, writes: [...record.writes, event.write] };
    case 'woke':
      return { ...record, awakenings: [...record.awakenings, event.awakening] };
    case 'releasing':
      return { ...record, releasingAtMs: event.atMs };
    case 'released':
      return { ...record, releasedAtMs: event.atMs };
  }
}

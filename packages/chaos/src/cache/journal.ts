/** What a client process asked of the cache and was answered: of what may have an effect a line before it is asked. */
import type { CacheAnswer } from '@holdfast/checker';
import { appendLine, readLines } from '../clients/lines.ts';
import { nowMs } from '../now.ts';
import type { CacheOperation, HeldCall } from './judge.ts';

type Line =
  | {
      readonly read: HeldCall;
      readonly askedMs: number;
      readonly answer: CacheAnswer;
      readonly answeredMs: number;
    }
  | { readonly id: number; readonly call: HeldCall; readonly askedMs: number }
  | { readonly id: number; readonly answer: CacheAnswer; readonly answeredMs: number }
  /** It certainly had no effect. */
  | { readonly id: number; readonly refused: string };

/** Of a change that was asked for. */
export interface OpenChange {
  answered(answer: CacheAnswer): void;
  refused(code: string): void;
}

export class CacheJournal {
  readonly #path: string;
  #nextId = 1;

  constructor(path: string) {
    this.#path = path;
  }

  read(read: HeldCall, askedMs: number, answer: CacheAnswer): void {
    this.#write({ read, askedMs, answer, answeredMs: nowMs() });
  }

  /** It is about to be asked for. What is never ended has an outcome that nobody knows. */
  change(call: HeldCall, askedMs: number): OpenChange {
    const id = this.#nextId++;
    this.#write({ id, call, askedMs });
    return {
      answered: (answer) => this.#write({ id, answer, answeredMs: nowMs() }),
      refused: (code) => this.#write({ id, refused: code }),
    };
  }

  #write(line: Line): void {
    appendLine(this.#path, line);
  }
}

export interface WrittenCacheJournal {
  readonly operations: readonly CacheOperation[];
  /** How often a hold did not stand. */
  readonly refusedHolds: number;
}

export function readCacheJournal(client: string, path: string): WrittenCacheJournal {
  const reads: CacheOperation[] = [];
  const changes = new Map<number, CacheOperation>();
  let refusedHolds = 0;
  for (const line of readLines<Line>(path)) {
    if ('read' in line) {
      const { read: call, askedMs: calledAtMs, answer, answeredMs: atMs } = line;
      reads.push({ client, call, calledAtMs, outcome: { type: 'answered', answer, atMs } });
    } else if ('call' in line) {
      const { id, call, askedMs: calledAtMs } = line;
      changes.set(id, { client, call, calledAtMs, outcome: { type: 'unknown' } });
    } else if ('refused' in line) {
      changes.delete(line.id);
      if (line.refused === 'hold_not_current') refusedHolds += 1;
    } else {
      const { id, answer, answeredMs: atMs } = line;
      const asked = changes.get(id);
      if (asked !== undefined)
        changes.set(id, { ...asked, outcome: { type: 'answered', answer, atMs } });
    }
  }
  return { operations: [...reads, ...changes.values()], refusedHolds };
}

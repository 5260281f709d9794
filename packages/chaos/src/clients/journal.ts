/**
 * What a client process asked and was answered, written down before it goes on: a line when it asks, a
 * line when it has the answer. A process that is killed leaves open what it asked last.
 */
import type { LockAnswer, LockCall, LockOperation } from '@holdfast/checker';
import { nowMs } from '../now.ts';
import { appendLine, readLines } from './lines.ts';

type Line =
  | { readonly id: number; readonly call: LockCall; readonly atMs: number }
  | { readonly id: number; readonly answer: LockAnswer; readonly atMs: number };

export class CallJournal {
  readonly #path: string;
  #nextId = 1;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param atMs When it may have begun to take effect, where that is earlier than now. */
  begin(call: LockCall, atMs: number = nowMs()): (answer: LockAnswer) => void {
    const id = this.#nextId++;
    this.#write({ id, call, atMs });
    return (answer) => this.#write({ id, answer, atMs: nowMs() });
  }

  #write(line: Line): void {
    appendLine(this.#path, line);
  }
}

/**
 * Reads the journal of a process that has ended. Sessions whose end it did not write down ended some
 * time after its last word about them, or never.
 */
export function readJournal(client: string, path: string): LockOperation[] {
  const calls = new Map<number, { call: LockCall; atMs: number }>();
  const answers = new Map<number, { answer: LockAnswer; atMs: number }>();
  const asked = new Map<string, { call: LockCall; lastMs: number }>();
  for (const line of readLines<Line>(path)) {
    if ('answer' in line) {
      answers.set(line.id, line);
      continue;
    }
    calls.set(line.id, line);
    const { call, atMs } = line;
    if (call.type === 'end') asked.delete(`${call.session} ${call.lock}`);
    else if (call.type !== 'read')
      asked.set(`${call.session} ${call.lock}`, { call, lastMs: atMs });
  }
  const operations = [...calls].map(([id, { call, atMs }]): LockOperation => {
    const answer = answers.get(id);
    return {
      client,
      call,
      calledAtMs: atMs,
      outcome: answer === undefined ? { type: 'unknown' } : { type: 'answered', ...answer },
    };
  });
  for (const { call, lastMs } of asked.values()) {
    if (call.type === 'read') continue;
    const { lock, session } = call;
    operations.push({
      client,
      call: { type: 'end', lock, session },
      calledAtMs: lastMs,
      outcome: { type: 'unknown' },
    });
  }
  return operations.map(withoutId);
}

function withoutId(operation: LockOperation): LockOperation {
  const { outcome } = operation;
  if (outcome.type === 'unknown') return operation;
  const { type, answer, atMs } = outcome;
  return { ...operation, outcome: { type, answer, atMs } };
}

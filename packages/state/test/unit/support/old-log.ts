/**
 * What a cluster of the version before format 4 left behind: its log with the answers that it gave, and a
 * snapshot that was taken while records changed, so that they stand in it in another order than in the
 * tables. Commands of every kind by randomness; cycles of waits; a session that ends with 2,999 holds, 1,500 of
 * them waited for.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Command, Envelope, StateMachine } from '../../../src/index.ts';

export interface OldEntry {
  readonly index: number;
  readonly time: number;
  readonly commands: readonly Envelope[];
  /** As they were answered then, sessions by their ids alone. */
  readonly results: readonly unknown[];
}

type Tuple = readonly [command: Command | readonly unknown[], null, ackedBelow: number | null];
type Line = readonly [
  index: number,
  batch: readonly [version: 2, time: number, commands: readonly Tuple[]],
  results: readonly unknown[],
];

const fixture = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));

export const oldSnapshot = (): Buffer => fixture('snapshot-of-version-3.txt.gz');

/** Of a later version that knew no leaderships: the state behind some entries of the same log. */
export const snapshotOfVersion4 = (): Buffer => fixture('snapshot-of-version-4.txt.gz');

export function oldLog(): OldEntry[] {
  const lines = fixture('log-of-version-3.jsonl.gz').toString().trimEnd().split('\n');
  return lines.map((line) => {
    const [index, [, time, tuples], results] = JSON.parse(line) as Line;
    const commands = tuples.map(([command, , ackedBelow]) => ({
      identity: 'anonymous',
      command: Array.isArray(command) ? fromTuple(command) : (command as Command),
      ...(ackedBelow === null ? {} : { ackedBelow }),
    }));
    return { index, time, commands, results };
  });
}

/** The short forms of the batch format. */
function fromTuple(tuple: readonly unknown[]): Command {
  const [kind, sessionId, second, third, fourth, waitMs, acquiredAtMs, ownSession] = tuple;
  const command: Readonly<Record<string, unknown>> =
    kind === 'a'
      ? {
          type: 'acquire',
          sessionId,
          requestId: second,
          name: third,
          mode: fourth === 1 ? 'shared' : 'exclusive',
          waitMs,
          acquiredAtMs,
          ...(ownSession === undefined ? {} : { ownSession }),
        }
      : {
          type: 'release',
          sessionId,
          name: second,
          ...(third === null ? {} : { fenceToken: third }),
          ...(fourth === null ? {} : { requestId: fourth }),
        };
  return command as unknown as Command;
}

/** The answers to an entry in the form of the recorded ones: views of resources have counts since, and say
 * `persistent` for `stays`. */
export function answers(machine: StateMachine, { index, time, commands }: OldEntry): unknown {
  const told = machine.apply({ index, time, commands }).results.map((result) => {
    if (!result.ok) return result;
    if (result.type === 'session') return { ...result, session: result.session.sessionId };
    if (result.type !== 'semaphore') return result;
    const { holderCount: _holders, waiterCount: _waiters, persistent, ...same } = result.semaphore;
    return { ...result, semaphore: { ...same, stays: persistent } };
  });
  return JSON.parse(JSON.stringify(told));
}

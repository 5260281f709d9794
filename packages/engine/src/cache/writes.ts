/**
 * Writes of the cache on the leader, on their way into the log.
 *
 * WRITE-1: of the writes of one key one is under way at a time, in the order in which they came: none is proposed
 *     before the one ahead of it is applied, or certainly is not in the log. So no two of them are in one entry (KEY-1 of
 *     the state).
 * WRITE-2: where this node stops leading, those that wait are told that they were not begun, and no write of an earlier
 *     leadership holds up one of a later.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { CacheCommand, Command, CommandResult, Envelope } from '@holdfast/state';
import { maxPendingCommands } from '../bounds.ts';
import type { Clock } from '../clock.ts';
import { Interrupted } from '../interrupted.ts';
import { TurnSlices } from '../turn-slices.ts';

type Submit = (
  envelope: Envelope,
  resolve: (result: CommandResult) => void,
  reject: (error: Error) => void,
) => void;

interface Write {
  readonly envelope: Envelope;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: Error) => void;
}

/** Those of one key that wait behind the one that is under way. */
type Waiting = Write[];

const isCacheCommand = (command: Command): command is CacheCommand =>
  command.type === 'cache_set' || command.type === 'cache_delete';

export class CacheWrites {
  readonly #submit: Submit;
  readonly #telling: TurnSlices;
  #byKey = new Map<string, Waiting>();
  #waitingCount = 0;

  /** @param submit Into the log. */
  constructor(clock: Pick<Clock, 'endOfTurn'>, submit: Submit) {
    this.#submit = submit;
    this.#telling = new TurnSlices(clock);
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** As of the queue of commands, which takes what is no write of the cache at once. */
  submit: Submit = (envelope, resolve, reject) => {
    const { command } = envelope;
    if (!isCacheCommand(command)) {
      this.#submit(envelope, resolve, reject);
      return;
    }
    const waiting = this.#byKey.get(command.name);
    const write = { envelope, resolve, reject };
    if (waiting === undefined) {
      this.#byKey.set(command.name, []);
      this.#begin(command.name, write);
    } else if (this.#waitingCount >= maxPendingCommands) reject(tooMany(this.#waitingCount));
    else {
      waiting.push(write);
      this.#waitingCount += 1;
    }
  };

  /** WRITE-2. */
  interrupt(): void {
    const before = this.#byKey;
    this.#byKey = new Map();
    this.#waitingCount = 0;
    const error = new Interrupted(false, 'this node stopped leading');
    this.#telling.add(rejections(before.values(), error));
  }

  #begin(key: string, { envelope, resolve, reject }: Write): void {
    const byKey = this.#byKey;
    this.#submit(
      envelope,
      (result) => {
        if (this.#byKey === byKey) this.#next(key);
        resolve(result);
      },
      (error) => {
        if (this.#byKey === byKey) this.#next(key);
        reject(error);
      },
    );
  }

  /** WRITE-1. */
  #next(key: string): void {
    const next = this.#byKey.get(key)?.shift();
    if (next === undefined) this.#byKey.delete(key);
    else {
      this.#waitingCount -= 1;
      this.#begin(key, next);
    }
  }
}

function* rejections(lists: Iterable<Waiting>, error: Error): Generator<() => void> {
  for (const waiting of lists) for (const { reject } of waiting) yield () => reject(error);
}

const tooMany = (count: number): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The leader has ${String(count)} writes of the cache that wait for others of their keys, which is its limit. ` +
      'The request was not executed. Retry later.',
  );

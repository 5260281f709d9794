/**
 * Writes of the cache on the leader, on their way into the log.
 *
 * WRITE-1: of the writes of one key one is under way at a time, in the order in which they came: none is proposed
 *     before the one ahead of it is applied, or certainly is not in the log. So no two of them are in one entry (KEY-1 of
 *     the state).
 * WRITE-2: where this node stops leading, those that wait are told that they were not begun, and no write of an earlier
 *     leadership holds up one of a later.
 * WRITE-3: a write under a token is begun only while its token stands, looked at when it is its turn (FILL-1, FILL-2 of fills.ts).
 * WRITE-4: what waits for others of its key is begun or refused a slice a turn (SLICE-2), after the caller of the one ahead was told.
 *     However many of them are refused at once, where the queue of commands is full, they are no calls within each other.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { TraceParent } from '@holdfast/protocol';
import type { CacheCommand, Command, CommandResult, Envelope } from '@holdfast/state';
import { maxPendingCommands } from '../bounds.ts';
import type { Clock } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import { Interrupted } from '../interrupted.ts';
import { TurnSlices } from '../turn-slices.ts';

type Submit = (
  envelope: Envelope,
  resolve: (result: CommandResult) => void,
  reject: (error: Error) => void,
  trace?: TraceParent,
) => void;

/** What a write has to pass before it goes into the log (SHARER-1 of directory.ts). */
export interface WriteGate {
  /**
   * A write of this key comes.
   *
   * @param go Called once when it may go into the log; never where this leadership ends before.
   * @returns False: this node does not lead.
   */
  begin(key: string, go: () => void, fillToken?: string): boolean;
  /** It was applied, or certainly never will be. */
  end(key: string): void;
  /** Whether this token may write the key (WRITE-3). */
  mayFill(key: string, fillToken: string): boolean;
}

interface Write {
  readonly envelope: Envelope;
  readonly fillToken: string | undefined;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: Error) => void;
  readonly trace: TraceParent | undefined;
}

/** Those of one key. */
interface OfKey {
  /** Waits to be let into the log. */
  atGate: Write | undefined;
  /** Behind the one that is under way. */
  readonly waiting: Fifo<Write>;
}

const isCacheCommand = (command: Command): command is CacheCommand =>
  command.type === 'cache_set' || command.type === 'cache_delete';

export class CacheWrites {
  readonly #submit: Submit;
  readonly #telling: TurnSlices;
  /** WRITE-4. */
  readonly #going: TurnSlices;
  readonly #gate: WriteGate;
  #byKey = new Map<string, OfKey>();
  #waitingCount = 0;

  /** @param submit Into the log. */
  constructor(clock: Pick<Clock, 'endOfTurn'>, gate: WriteGate, submit: Submit) {
    this.#submit = submit;
    this.#gate = gate;
    this.#telling = new TurnSlices(clock);
    this.#going = new TurnSlices(clock);
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** As of the queue of commands, which takes what is no write of the cache at once. */
  submit: Submit = (envelope, resolve, reject, trace) => {
    const { command } = envelope;
    if (!isCacheCommand(command)) {
      this.#submit(envelope, resolve, reject, trace);
      return;
    }
    const ofKey = this.#byKey.get(command.name);
    const fillToken = command.type === 'cache_set' ? command.fillToken : undefined;
    const write = { envelope, fillToken, resolve, reject, trace };
    if (ofKey === undefined) {
      if (this.#isSuperseded(command.name, write)) return;
      const first: OfKey = { atGate: undefined, waiting: new Fifo() };
      this.#byKey.set(command.name, first);
      this.#begin(command.name, first, write);
    } else if (this.#waitingCount >= maxPendingCommands) reject(tooMany(this.#waitingCount));
    else {
      ofKey.waiting.push(write);
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

  #begin(key: string, ofKey: OfKey, write: Write): void {
    const { resolve, reject, fillToken } = write;
    const envelope = fillToken === undefined ? write.envelope : withoutToken(write.envelope);
    const byKey = this.#byKey;
    ofKey.atGate = write;
    const go = (): void => {
      ofKey.atGate = undefined;
      this.#submit(
        envelope,
        (result) => {
          resolve(result);
          if (this.#byKey === byKey) this.#ended(key, ofKey);
        },
        (error) => {
          reject(error);
          // One that may be in the log keeps its key until this leadership ends, which is now.
          const isBegun = error instanceof Interrupted && error.begun;
          if (this.#byKey === byKey && !isBegun) this.#ended(key, ofKey);
        },
        write.trace,
      );
    };
    if (this.#gate.begin(key, go, fillToken)) return;
    byKey.delete(key);
    this.#waitingCount -= ofKey.waiting.length;
    this.#telling.add(rejections([ofKey], new Interrupted(false, 'not the leader')));
  }

  /** WRITE-1. */
  #ended(key: string, ofKey: OfKey): void {
    this.#gate.end(key);
    if (ofKey.waiting.length === 0) this.#byKey.delete(key);
    else this.#goOn(key, ofKey);
  }

  /** WRITE-4. */
  #goOn(key: string, ofKey: OfKey): void {
    const byKey = this.#byKey;
    this.#going.add([
      () => {
        if (this.#byKey === byKey) this.#next(key, ofKey); // WRITE-2
      },
    ]);
  }

  #next(key: string, ofKey: OfKey): void {
    const next = ofKey.waiting.shift();
    if (next === undefined) {
      this.#byKey.delete(key);
      return;
    }
    this.#waitingCount -= 1;
    if (this.#isSuperseded(key, next)) this.#goOn(key, ofKey);
    else this.#begin(key, ofKey, next);
  }

  /** WRITE-3. */
  #isSuperseded(key: string, { fillToken, reject }: Write): boolean {
    if (fillToken === undefined || this.#gate.mayFill(key, fillToken)) return false;
    reject(superseded(key));
    return true;
  }
}

function* rejections(all: Iterable<OfKey>, error: Error): Generator<() => void> {
  for (const { atGate, waiting } of all) {
    if (atGate !== undefined) yield () => atGate.reject(error);
    for (const { reject } of waiting) yield () => reject(error);
  }
}

/** What is logged: the token is looked at by the leader alone. */
function withoutToken(envelope: Envelope): Envelope {
  const { command } = envelope;
  if (command.type !== 'cache_set') return envelope;
  const { fillToken: _, ...logged } = command;
  return { ...envelope, command: logged };
}

const superseded = (key: string): HoldfastError =>
  new HoldfastError(
    'fill_superseded',
    `The turn in which the value of key "${key}" was loaded is over: the key was written meanwhile, the loader took too long, or the leader changed. Nothing was changed. Read the key again.`,
    { key },
  );

const tooMany = (count: number): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The leader has ${String(count)} writes of the cache that wait for others of their keys, which is its limit. ` +
      'The request was not executed. Retry later.',
  );

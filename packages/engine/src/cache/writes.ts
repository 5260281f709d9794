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
 * WRITE-5: what waits here, for lines to be dropped or for others of its key, is bounded by number and bytes like what waits in the queue of
 *     commands (BOUND-4), and less of one key. A write beyond that is refused before anything is done for it.
 * WRITE-6: a write whose time is over while it waits here is refused, and not executed long after its caller has gone.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { TraceParent } from '@holdfast/protocol';
import type { CacheCommand, Command, CommandResult, Envelope } from '@holdfast/state';
import { encodedBytes, encodeEnvelope } from '../batch.ts';
import { maxCommandBytes, maxPendingBytes, maxPendingCommands } from '../bounds.ts';
import type { Clock } from '../clock.ts';
import { Fifo } from '../fifo.ts';
import { Interrupted } from '../interrupted.ts';
import { TurnSlices } from '../turn-slices.ts';

/** Of writes that wait (WRITE-5). */
export interface WaitingBounds {
  readonly count: number;
  readonly bytes: number;
  readonly countOfKey: number;
  readonly bytesOfKey: number;
}
/** Of one key one write goes into the log after the other, so that the last of so many waits for seconds. */
const defaultBounds: WaitingBounds = {
  count: maxPendingCommands,
  bytes: maxPendingBytes,
  countOfKey: maxPendingCommands / 10,
  bytesOfKey: maxPendingBytes / 8,
};

/** @param deadlineMs After it nobody waits for an answer (WRITE-6). */
type Submit = (
  envelope: Envelope,
  resolve: (result: CommandResult) => void,
  reject: (error: Error) => void,
  trace?: TraceParent,
  deadlineMs?: number,
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
  readonly deadlineMs: number;
  /** 0: it was not measured. */
  byteLength: number;
  /** It is counted. */
  isWaiting: boolean;
}

/** Those of one key. */
interface OfKey {
  /** Waits to be let into the log. */
  atGate: Write | undefined;
  /** Behind the one that is under way. */
  readonly waiting: Fifo<Write>;
  /** Of those that wait, at the gate too. */
  byteLength: number;
}

const isCacheCommand = (command: Command): command is CacheCommand =>
  command.type === 'cache_set' || command.type === 'cache_delete';

export class CacheWrites {
  readonly #clock: Pick<Clock, 'now' | 'endOfTurn'>;
  readonly #submit: Submit;
  readonly #telling: TurnSlices;
  /** WRITE-4. */
  readonly #going: TurnSlices;
  readonly #gate: WriteGate;
  readonly #bounds: WaitingBounds;
  #byKey = new Map<string, OfKey>();
  #waitingCount = 0;
  #waitingBytes = 0;

  /**
   * @param submit Into the log.
   * @param bounds Smaller in tests.
   */
  constructor(
    clock: Pick<Clock, 'now' | 'endOfTurn'>,
    gate: WriteGate,
    submit: Submit,
    bounds: WaitingBounds = defaultBounds,
  ) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#submit = submit;
    this.#gate = gate;
    this.#telling = new TurnSlices(clock);
    this.#going = new TurnSlices(clock);
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** As of the queue of commands, which takes what is no write of the cache at once. */
  submit: Submit = (envelope, resolve, reject, trace, deadlineMs = Number.POSITIVE_INFINITY) => {
    const { command } = envelope;
    if (!isCacheCommand(command)) {
      this.#submit(envelope, resolve, reject, trace, deadlineMs);
      return;
    }
    const { name: key } = command;
    const fillToken = command.type === 'cache_set' ? command.fillToken : undefined;
    const ofKey = this.#byKey.get(key);
    // One that may have nothing to wait for is not measured: this is the hot path.
    const byteLength = ofKey === undefined ? 0 : bytesOf(envelope);
    const refusal = this.#fullFor(key, ofKey, byteLength);
    const told = { resolve, reject, trace, deadlineMs };
    const write: Write = { envelope, fillToken, ...told, byteLength, isWaiting: false };
    if (refusal !== undefined) reject(refusal);
    else if (ofKey !== undefined) {
      ofKey.waiting.push(write);
      this.#wait(ofKey, write);
    } else if (!this.#isRefused(key, write)) {
      const first: OfKey = { atGate: undefined, waiting: new Fifo(), byteLength: 0 };
      this.#byKey.set(key, first);
      this.#begin(key, first, write);
    }
  };

  /** WRITE-5. */
  #fullFor(key: string, ofKey: OfKey | undefined, ownBytes: number): HoldfastError | undefined {
    const bytes = this.#waitingBytes;
    const most = this.#bounds;
    if (this.#waitingCount >= most.count || bytes + ownBytes > most.bytes)
      return tooMany(this.#waitingCount, bytes);
    if (ofKey === undefined) return undefined;
    const { waiting, byteLength } = ofKey;
    if (waiting.length < most.countOfKey && byteLength + ownBytes <= most.bytesOfKey)
      return undefined;
    return tooManyOfKey(key, waiting.length, byteLength);
  }

  #wait(ofKey: OfKey, write: Write): void {
    if (write.byteLength === 0) write.byteLength = bytesOf(write.envelope);
    write.isWaiting = true;
    ofKey.byteLength += write.byteLength;
    this.#waitingBytes += write.byteLength;
    this.#waitingCount += 1;
  }

  #waitsNoMore(ofKey: OfKey, write: Write): void {
    if (!write.isWaiting) return;
    write.isWaiting = false;
    ofKey.byteLength -= write.byteLength;
    this.#waitingBytes -= write.byteLength;
    this.#waitingCount -= 1;
  }

  /** WRITE-2. */
  interrupt(): void {
    const before = this.#byKey;
    this.#byKey = new Map();
    this.#waitingCount = 0;
    this.#waitingBytes = 0;
    const error = new Interrupted(false, 'this node stopped leading');
    this.#telling.add(rejections(before.values(), error));
  }

  #begin(key: string, ofKey: OfKey, write: Write): void {
    const { resolve, reject, fillToken } = write;
    const envelope = fillToken === undefined ? write.envelope : withoutToken(write.envelope);
    const byKey = this.#byKey;
    ofKey.atGate = write;
    const go = (): void => {
      if (this.#byKey !== byKey) return; // WRITE-2
      ofKey.atGate = undefined;
      this.#waitsNoMore(ofKey, write);
      if (this.#isLate(key, write)) {
        this.#ended(key, ofKey);
        return;
      }
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
        write.deadlineMs,
      );
    };
    if (!this.#gate.begin(key, go, fillToken)) this.#endAll(key, ofKey);
    else if (ofKey.atGate === write) this.#wait(ofKey, write);
  }

  /** This node does not lead. */
  #endAll(key: string, ofKey: OfKey): void {
    this.#byKey.delete(key);
    for (const write of ofKey.waiting) this.#waitsNoMore(ofKey, write);
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
    this.#waitsNoMore(ofKey, next);
    if (this.#isRefused(key, next)) this.#goOn(key, ofKey);
    else this.#begin(key, ofKey, next);
  }

  #isRefused(key: string, write: Write): boolean {
    return this.#isLate(key, write) || this.#isSuperseded(key, write);
  }

  /** WRITE-6. */
  #isLate(key: string, { deadlineMs, reject }: Write): boolean {
    if (this.#clock.now() < deadlineMs) return false;
    reject(tooLate(key));
    return true;
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

/** As in the queue of commands, which refuses what cannot be encoded (COMMANDS-8). */
function bytesOf(envelope: Envelope): number {
  try {
    return encodedBytes(encodeEnvelope(envelope));
  } catch {
    return maxCommandBytes;
  }
}

const tooMany = (count: number, bytes: number): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The leader has ${String(count)} writes of the cache, of ${String(bytes)} bytes, that wait to go into the log, which is its limit. ` +
      'The request was not executed. Retry later.',
  );

const tooManyOfKey = (key: string, count: number, bytes: number): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `Key "${key}" of the cache has ${String(count)} writes, of ${String(bytes)} bytes, that wait for each other, which is the limit for one key. ` +
      'The request was not executed. Write it less often, or retry later.',
    { key },
  );

const tooLate = (key: string): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The write of key "${key}" of the cache waited until its time was over, for other writes of the key or for those who had it in their memory. ` +
      'The request was not executed. Write the key less often, or retry later.',
    { key },
  );

/**
 * What is open on this node for callers: streams, watches, waits, backups. Each is looked at again when rights change, and
 * twice a second for keys that expire; what stands on nothing any more is ended (DENY-4 of access-control.ts).
 *
 * OPEN-1: a look costs a slice a turn (SLICE-2), however many are open. One that begins while a look is under way is
 *     looked at by the next one, which follows.
 * OPEN-2: while something is open a look begins every half second, by one timer for all: an expiry writes nothing to the
 *     log, and a call that came while the rules changed may have been added after the look at that change.
 */
import type { Engine } from '@holdfast/engine';
import { TurnSlices } from '@holdfast/engine/parts';
import type { Clock } from '@holdfast/engine/parts';
import { RenewedMap } from '@holdfast/protocol';
import type { RequestError } from '../request-error.ts';

/** OPEN-2: half of what DENY-4 allows; the turns of the look have the rest. */
const lookEveryMs = 500;

export interface OpenCall {
  /** Why it may go on no more. */
  readonly check: () => RequestError | undefined;
  readonly end: (refused: RequestError) => void;
}

export class OpenCalls {
  readonly #all = new RenewedMap<OpenCall, true>();
  readonly #slices: TurnSlices;
  readonly #engine: Engine;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #unsubscribes: readonly (() => void)[];
  readonly #isAlwaysLooked: boolean;
  #isLooking = false;
  #looksAgain = false;
  /** Of the next look; undefined: nothing is open. */
  #cancelTimer: (() => void) | undefined;

  constructor(
    engine: Engine,
    clock: Pick<Clock, 'after' | 'endOfTurn'>,
    /** There is something to look at also while authentication is off (DENY-3, ACCESS-1). */
    isAlwaysLooked = false,
  ) {
    this.#isAlwaysLooked = isAlwaysLooked;
    this.#engine = engine;
    this.#clock = clock;
    this.#slices = new TurnSlices(clock);
    this.#unsubscribes = [
      engine.onEvents((_revision, events) => {
        if (events.some(({ type }) => type === 'access_changed')) this.look();
      }),
      engine.onGap(() => this.look()),
    ];
  }

  get count(): number {
    return this.#all.size;
  }

  /** @returns Forgets it. */
  add(call: OpenCall): () => void {
    this.#all.set(call, true);
    this.#cancelTimer ??= this.#clock.after(lookEveryMs, () => this.#lookAtExpiries());
    return () => this.#all.delete(call);
  }

  /** OPEN-2. */
  #lookAtExpiries(): void {
    this.#cancelTimer =
      this.#all.size === 0
        ? undefined
        : this.#clock.after(lookEveryMs, () => this.#lookAtExpiries());
    this.look();
  }

  /** Looks at all that is open. */
  look(): void {
    if (!(this.#engine.access.isEnabled || this.#isAlwaysLooked) || this.#all.size === 0) return;
    this.#looksAgain = this.#isLooking;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#slices.add(this.#looks([...this.#all.keys()]));
  }

  *#looks(calls: readonly OpenCall[]): Generator<() => void, void, undefined> {
    for (const call of calls)
      yield () => {
        if (this.#all.get(call) === undefined) return;
        const refused = call.check();
        if (refused === undefined) return;
        this.#all.delete(call);
        call.end(refused);
      };
    this.#isLooking = false;
    if (this.#looksAgain) this.look(); // OPEN-1
  }

  close(): void {
    this.#cancelTimer?.();
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
  }
}

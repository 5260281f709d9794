/**
 * Turns of an event loop and what they consist of. A timer that is always due soon tells the meter the clock and what the
 * thread has used so far; what lies between two of its runs counts as one turn.
 *
 * TURN-METER-1: the parts of a turn add up to it: own + collector + waiting + rest. The thread's processor time is own and
 *   collector together. A pause of the collector is known by the clock only: as much of it as the thread had of a
 *   processor in the whole turn counts as the collector's, so that "own" is at least what is told.
 * TURN-METER-2: no turn is lost between two summaries, and each is in one of them.
 */

/** What the thread has had since it began. NaN where the system does not tell. */
export interface ThreadReading {
  /** By the clock of `performance.now()`. */
  readonly atMs: number;
  readonly processorMs: number;
  /** For how long the thread was ready to run and another one had the processor. */
  readonly waitingMs: number;
}

export interface TurnParts {
  readonly wallMs: number;
  /** Processor time of the thread outside the pauses of the collector. */
  readonly ownMs: number;
  /** Processor time of the thread in pauses of the collector. */
  readonly collectorMs: number;
  /** Ready to run, without a processor. */
  readonly waitingMs: number;
  /** Blocked: for other threads of the collector, for memory, for the disk; and what a hypervisor gave to other machines. */
  readonly restMs: number;
}

export interface TurnSummary {
  /** When the last of the turns ended, by the clock of the readings. */
  readonly endMs: number;
  readonly longest: TurnParts;
  /** The most that a turn had of a processor outside the collector; often of another turn than the longest one. */
  readonly mostOwnMs: number;
  /** The longest pause of the collector, by the clock. */
  readonly mostCollectorMs: number;
}

export interface TurnMeter {
  look(reading: ThreadReading): void;
  /** A pause of the collector, by the clock of the readings: of the present turn, or of one some turns ago. */
  collected(startMs: number, durationMs: number): void;
  /** Of the turns that no summary had yet and whose pauses have been told. Undefined: there is none. */
  take(): TurnSummary | undefined;
}

/** Pauses are told by immediates of the event loop, at most so many turns after their own. */
const turnsUntilToldPauses = 4;

interface Turn {
  readonly startMs: number;
  readonly endMs: number;
  readonly processorMs: number;
  readonly waitingMs: number;
  pausesMs: number;
  longestPauseMs: number;
}

export function turnMeter(first: ThreadReading): TurnMeter {
  let last = first;
  let turns: Turn[] = [];
  /** Of the present turn. */
  let pauses: number[] = [];
  const add = (turn: Turn, durationMs: number): void => {
    turn.pausesMs += durationMs;
    turn.longestPauseMs = Math.max(turn.longestPauseMs, durationMs);
  };
  return {
    look(reading) {
      const turn: Turn = {
        startMs: last.atMs,
        endMs: reading.atMs,
        processorMs: reading.processorMs - last.processorMs,
        waitingMs: reading.waitingMs - last.waitingMs,
        pausesMs: 0,
        longestPauseMs: 0,
      };
      for (const durationMs of pauses) add(turn, durationMs);
      pauses = [];
      turns.push(turn);
      last = reading;
    },
    collected(startMs, durationMs) {
      if (startMs >= last.atMs) pauses.push(durationMs);
      else {
        const turn = turns.findLast((one) => one.startMs <= startMs);
        if (turn !== undefined) add(turn, durationMs);
      }
    },
    take() {
      const told = turns.slice(0, -turnsUntilToldPauses);
      const end = told.at(-1);
      if (end === undefined) return undefined;
      turns = turns.slice(-turnsUntilToldPauses); // TURN-METER-2
      return summaryOf(told, end.endMs);
    },
  };
}

function summaryOf(turns: readonly Turn[], endMs: number): TurnSummary {
  let longest: TurnParts = { wallMs: 0, ownMs: 0, collectorMs: 0, waitingMs: 0, restMs: 0 };
  let mostOwnMs = 0;
  let mostCollectorMs = 0;
  for (const turn of turns) {
    const parts = partsOf(turn);
    if (parts.wallMs > longest.wallMs) longest = parts;
    mostOwnMs = Math.max(mostOwnMs, parts.ownMs);
    mostCollectorMs = Math.max(mostCollectorMs, turn.longestPauseMs);
  }
  return { endMs, longest, mostOwnMs, mostCollectorMs };
}

/** TURN-METER-1 */
function partsOf(turn: Turn): TurnParts {
  const wallMs = turn.endMs - turn.startMs;
  // The three are read one after the other, and the system may run something else between them.
  const processorMs = Math.min(turn.processorMs, wallMs);
  const waitingMs = Math.min(
    turn.waitingMs,
    wallMs - (Number.isNaN(processorMs) ? 0 : processorMs),
  );
  const { pausesMs } = turn;
  const collectorMs = Number.isNaN(processorMs) ? pausesMs : Math.min(pausesMs, processorMs);
  const waitedMs = Number.isNaN(waitingMs) ? 0 : waitingMs;
  return {
    wallMs,
    ownMs: processorMs - collectorMs,
    collectorMs,
    waitingMs,
    restMs: wallMs - processorMs - waitedMs,
  };
}

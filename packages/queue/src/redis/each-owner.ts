/**
 * A command of which each owner does its part: the owners are asked one after the other.
 *
 * EACH-1: nobody is asked after the time of the command, or once its caller has gone: what is taken then would be told nobody.
 * EACH-2: an owner that does not answer leaves time for those behind it.
 * EACH-3: where an owner may have taken messages that nobody is told of, a pop does not say that there are none.
 *
 * RSTORE-3 and RSTORE-5 are those of store.ts.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { CommandResult, QueueCommand } from '@holdfast/state';
import { partlyDone } from './owner-command.ts';
import type { Executed } from './partitions.ts';
import { Spread } from './spread.ts';

interface Asking {
  /** @throws HoldfastError `store_unavailable` where nothing was done. */
  readonly ask: (
    node: string,
    command: QueueCommand,
    deadlineMs: number,
    mostTaken: number,
  ) => Promise<Executed>;
  readonly nowMs: () => number;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface AskedEach {
  readonly result: CommandResult;
  /** Ms until messages become ready by time alone, as far as an owner told. */
  readonly dueInMs: number | undefined;
  /** An owner has changed meanwhile, and its part is not done. */
  readonly hasMissed: boolean;
}

/** EACH-2: an owner may use so much in any case. */
const leastShareMs = 1000;

/** @throws HoldfastError where no owner has answered, or where it is not known what one of them has done. */
export async function askEach(
  command: QueueCommand,
  nodes: readonly string[],
  asking: Asking,
): Promise<AskedEach> {
  const isPop = command.type === 'queue_pop';
  const spread = new Spread(command);
  let dueInMs: number | undefined;
  let failure: Error | undefined;
  for (const [place, node] of nodes.entries()) {
    const asked = spread.next();
    if (asked === undefined) break;
    if (isOver(asking)) {
      spread.miss(); // EACH-1
      break;
    }
    const untilMs = place === nodes.length - 1 ? asking.deadlineMs : shareOf(asking);
    try {
      const executed = await asking.ask(node, asked, untilMs, spread.mostTaken);
      if (executed.type === 'not_owner') {
        if (!isPop) spread.miss(); // RSTORE-5
        continue;
      }
      if (executed.dueInMs !== undefined)
        dueInMs = Math.min(dueInMs ?? executed.dueInMs, executed.dueInMs);
      if (!spread.take(executed.result))
        return { result: executed.result, dueInMs, hasMissed: false };
    } catch (error) {
      if (error instanceof HoldfastError && isPop)
        failure = isUnknown(failure) ? failure : error; // RSTORE-3
      else if (spread.wasAnswered && isUndone(error))
        spread.miss(); // RSTORE-5
      else throw spread.wasAnswered ? partlyDone(error) : error;
    }
  }
  if (failure !== undefined && !spread.wasAnswered) throw failure;
  if (isUnknown(failure) && !spread.hasTaken) throw failure; // EACH-3
  return { result: spread.result(), dueInMs, hasMissed: spread.hasMissed };
}

/** EACH-1. */
const isOver = ({ nowMs, deadlineMs, signal }: Asking): boolean =>
  signal?.aborted === true || nowMs() >= deadlineMs;

/** EACH-2: half of what is left. */
function shareOf({ nowMs, deadlineMs }: Asking): number {
  const now = nowMs();
  return Math.min(deadlineMs, now + Math.max(leastShareMs, (deadlineMs - now) / 2));
}

const isUnknown = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === 'outcome_unknown';

/** What others have done is told: "nothing was done" would be wrong. */
const isUndone = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === 'store_unavailable';

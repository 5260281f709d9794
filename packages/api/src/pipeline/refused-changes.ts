/**
 * How many changes of one caller the cluster may refuse in a second, while there is an audit.
 *
 * RATE-6: what the cluster refuses of a change is an entry of its log and a record of the audit of all nodes. So those that it has
 *     refused are counted, for each identity, or address where none is proven. Beyond the limit a change is refused on this node,
 *     and recorded there, where such records are bounded: so many a second, and how many more there were. What keeps or gives
 *     back what is held is not refused for it (RATE-2; what gives back has a limit of its own, RATE-5).
 */
import { errorDefinitions } from '@holdfast/protocol';
import { callerOf } from '../callers.ts';
import type { Outcome, RefusalBound } from '../operations/context.ts';
import { RequestError, UnloggedRefusal } from '../request-error.ts';
import type { Caller } from './caller.ts';
import { Buckets } from './rates.ts';

/** Waits of many requests may run out at once: that is no reason to refuse others of their caller for long. */
const longestDebtSeconds = 1;

export class RefusedChanges implements RefusalBound {
  readonly #now: () => number;
  readonly #refused: Buckets;

  /** @param now In ms; never runs backwards. */
  constructor(perSecond: number, now: () => number) {
    this.#now = now;
    this.#refused = new Buckets(
      'max_refused_changes_per_second_per_caller',
      perSecond,
      'changes that the cluster refused',
    );
  }

  /** RATE-6. */
  run<Answer extends object>(
    { identity, address }: Caller,
    act: () => Outcome<Answer> | Promise<Outcome<Answer>>,
  ): Outcome<Answer> | Promise<Outcome<Answer>> {
    const whose = callerOf(identity, address);
    const tooMany = this.#refused.refusal(whose, this.#now(), 1);
    if (tooMany !== undefined) return tooMany;
    const outcome = act();
    if (!(outcome instanceof Promise)) return outcome;
    return outcome.then((settled) => {
      if (isInTheLog(settled)) this.#refused.spend(whose, 1, this.#now(), longestDebtSeconds);
      return settled;
    });
  }
}

/** The cluster has refused it. A limit is one of the node, or of the cluster, and says which. */
function isInTheLog(settled: object): boolean {
  if (!(settled instanceof RequestError) || settled instanceof UnloggedRefusal) return false;
  const { code, details } = settled;
  return errorDefinitions[code].by === 'cluster' || details['scope'] === 'cluster';
}

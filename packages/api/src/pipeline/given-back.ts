/**
 * How often one caller may give back what it does not have.
 *
 * RATE-5: what gives back is never refused for how often somebody asks (RATE-2), and each that comes into the log is a record
 *     of the audit, also where nothing was held. So those that the cluster has refused have a limit of their own, for each
 *     identity, or address where none is proven. Beyond it a release is executed where what it names is held, which the
 *     leader is asked; everything else that gives back is told to come again in a second. What looks for the hold by itself
 *     before its command (`end_session`: GONE-1) is not declared so.
 */
import { returning } from '@holdfast/contract';
import { errorDefinitions } from '@holdfast/protocol';
import { callerOf } from '../callers.ts';
import { findHold } from '../operations/holders.ts';
import type { HeldKind } from '../operations/holders.ts';
import type { OperationContext, Outcome, ReturnBound } from '../operations/context.ts';
import { asSessionId } from '../operations/identities.ts';
import { RequestError, UnloggedRefusal } from '../request-error.ts';
import type { Caller } from './caller.ts';
import { Buckets } from './rates.ts';

/** RATE-5: more than any client asks for by mistake. */
export const mostRefusedReturns = 100;

export class GivenBack implements ReturnBound {
  readonly #now: () => number;
  readonly #refused = new Buckets(
    'max_refused_returns_per_second',
    mostRefusedReturns,
    'requests that give back what it does not have',
  );

  /** @param now In ms; never runs backwards. */
  constructor(now: () => number) {
    this.#now = now;
  }

  isOne(operation: string): boolean {
    return returning.has(operation);
  }

  /** RATE-5. */
  run<Answer extends object>(
    { operation, body }: { readonly operation: string; readonly body: object },
    context: OperationContext,
    act: () => Outcome<Answer> | Promise<Outcome<Answer>>,
  ): Outcome<Answer> | Promise<Outcome<Answer>> {
    const { caller } = context;
    const whose = callerOf(caller.identity, caller.address);
    const tooMany = this.#refused.refusal(whose, this.#now(), 1);
    if (tooMany === undefined) return this.#counted(act(), caller);
    const looking = isHeld(returning.get(operation), body, context);
    return looking.then((held) => (held ? this.#counted(act(), caller) : tooMany));
  }

  #counted<Answer extends object>(
    outcome: Outcome<Answer> | Promise<Outcome<Answer>>,
    caller: Caller,
  ): Outcome<Answer> | Promise<Outcome<Answer>> {
    if (!(outcome instanceof Promise)) return outcome;
    return outcome.then((settled) => {
      const isCounted =
        settled instanceof RequestError &&
        !(settled instanceof UnloggedRefusal) &&
        errorDefinitions[settled.code].by === 'cluster';
      if (isCounted) this.#refused.spend(callerOf(caller.identity, caller.address), 1, this.#now());
      return settled;
    });
  }
}

/** Whether the session has what it gives back. */
async function isHeld(
  kind: HeldKind | 'other' | undefined,
  body: object,
  context: OperationContext,
): Promise<boolean> {
  if (kind === undefined || kind === 'other' || !('name' in body) || typeof body.name !== 'string')
    return false;
  // By a client id the hold is looked for before anything is logged.
  if (!('session_id' in body) || typeof body.session_id !== 'string') return true;
  const token =
    'fence_token' in body && typeof body.fence_token === 'number' ? body.fence_token : undefined;
  const holder = { sessionId: asSessionId(body.session_id) };
  const { hold, other } = await findHold(kind, body.name, token, holder, context);
  return (token === undefined ? other : hold) !== undefined;
}

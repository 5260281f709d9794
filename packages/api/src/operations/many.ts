/** Several locks and semaphores at once. */
import type { AcquireManyAnswer, AcquireManyBody, WantedBody } from '@holdfast/protocol';
import type { CommandResult, Wanted } from '@holdfast/state';
import { RequestError } from '../request-error.ts';
import { submitAcquire, termsOf, toWaitMs, waitTooLong } from './asking.ts';
import { idsAreWrong, invalid } from './who.ts';
import type { OperationContext, Outcome } from './context.ts';
import { asResourceName, asSessionId, requestIdOf } from './identities.ts';

export async function acquireMany(
  body: AcquireManyBody,
  context: OperationContext,
): Promise<Outcome<AcquireManyAnswer>> {
  const waitSeconds = body.wait_seconds ?? 0;
  const tooLong = waitTooLong(waitSeconds, context);
  if (tooLong !== undefined) return tooLong;
  const wrong = idsAreWrong(body);
  if (wrong !== undefined) return wrong;
  const terms = termsOf(body);
  if (terms instanceof RequestError) return terms;
  const wanted = wantedOf(body.resources);
  if (wanted instanceof RequestError) return wanted;
  const result = await submitAcquire(
    {
      type: 'acquire_many',
      sessionId: asSessionId(body.session_id),
      ...requestIdOf(body),
      wanted,
      waitMs: toWaitMs(waitSeconds),
      acquiredAtMs: context.service.now(),
      ...terms,
    },
    context,
  );
  if (result instanceof RequestError) return result;
  return {
    acquired: true,
    holds: holdsOf(wanted, result.grants),
    session_id: body.session_id,
    revision: result.revision,
  };
}

type Grants = Extract<CommandResult, { readonly type: 'granted_many' }>['grants'];

function holdsOf(wanted: readonly Wanted[], grants: Grants): AcquireManyAnswer['holds'] {
  return wanted.map((one, index) => {
    const grant = grants[index];
    if (grant === undefined)
      throw new Error(`"${one.name}" was asked for, and is not among what was granted.`);
    return {
      kind: one.kind,
      resource: one.name,
      fence_token: grant.fenceToken,
      hold_count: grant.holdCount,
      ...(one.kind === 'lock' ? { mode: one.mode } : { permits: one.permits }),
    };
  });
}

function wantedOf(resources: readonly WantedBody[]): Outcome<readonly Wanted[]> {
  const wanted: Wanted[] = [];
  const seen = new Set<string>();
  for (const one of resources) {
    const { kind = 'lock', mode, permits, limit } = one;
    const name = asResourceName(one.name);
    if (seen.has(`${kind} ${name}`))
      return invalid('resources', `"resources" names ${kind} "${name}" twice. Name each once.`);
    seen.add(`${kind} ${name}`);
    if (kind === 'lock') {
      if (permits !== undefined || limit !== undefined)
        return invalid(
          'resources',
          `"permits" and "limit" are for semaphores; "${name}" is a lock. Leave them out.`,
        );
      wanted.push({ kind, name, mode: mode ?? 'exclusive' });
    } else {
      if (mode !== undefined)
        return invalid('resources', `"mode" is for locks; "${name}" is a semaphore. Leave it out.`);
      wanted.push({ kind, name, permits: permits ?? 1, ...(limit === undefined ? {} : { limit }) });
    }
  }
  return wanted;
}

/** Elections: campaign, resign, proclaim, and who leads. */
import type {
  CampaignAnswer,
  CampaignBody,
  Consistency,
  ElectionAnswer,
  ElectionRef,
  ProclaimAnswer,
  ProclaimBody,
  ResignAnswer,
  ResignBody,
} from '@holdfast/protocol';
import type { ElectionView } from '@holdfast/state';
import { RequestError } from '../request-error.ts';
import { askerOf, submitAcquire, termsOf, toWaitMs, valueTooLarge, waitTooLong } from './asking.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { refusedRelease, sessionOfHold } from './holds.ts';
import { asFenceToken, asResourceName, requestIdOf } from './identities.ts';
import { endsInSeconds, shownOf } from './locks.ts';

export async function campaign(
  body: CampaignBody,
  context: OperationContext,
): Promise<Outcome<CampaignAnswer>> {
  const waitSeconds = body.wait_seconds ?? 0;
  const tooLong = waitTooLong(waitSeconds, context);
  if (tooLong !== undefined) return tooLong;
  const asker = askerOf('election', body, context);
  if (asker instanceof RequestError) return asker;
  const { value, ...rest } = body;
  const terms = termsOf(value === undefined ? rest : { ...rest, metadata: value }, 'value');
  if (terms instanceof RequestError) return terms;
  const result = await submitAcquire(
    {
      type: 'campaign',
      ...requestIdOf(body),
      name: asResourceName(body.name),
      waitMs: toWaitMs(waitSeconds),
      acquiredAtMs: context.service.now(),
      ...asker,
      ...terms,
    },
    context,
  );
  if (result instanceof RequestError) return result;
  const { ownSession, sessionId } = asker;
  return {
    elected: true,
    resource: body.name,
    fence_token: result.fenceToken,
    hold_count: result.holdCount,
    session_id: sessionId,
    revision: result.revision,
    ...(ownSession === undefined ? {} : { ttl_seconds: ownSession.timeoutMs / 1000 }),
  };
}

export async function resign(
  body: ResignBody,
  context: OperationContext,
): Promise<Outcome<ResignAnswer>> {
  const releasing = await sessionOfHold('election', body, context);
  if (releasing instanceof RequestError) return releasing;
  const { sessionId } = releasing;
  const { name, fence_token } = body;
  const result = await context.service.engine.submit(
    {
      type: 'resign',
      sessionId,
      name: asResourceName(name),
      ...requestIdOf(body),
      ...(fence_token === undefined ? {} : { fenceToken: asFenceToken(fence_token) }),
    },
    callOptions(context),
  );
  if (!result.ok) return refusedRelease(result, releasing);
  return { resigned: true, resource: name, fence_token: result.fenceToken };
}

export async function proclaim(
  body: ProclaimBody,
  context: OperationContext,
): Promise<Outcome<ProclaimAnswer>> {
  const { name, fence_token, value } = body;
  const tooLarge = valueTooLarge('value', value);
  if (tooLarge !== undefined) return tooLarge;
  const releasing = await sessionOfHold('election', body, context);
  if (releasing instanceof RequestError) return releasing;
  const { sessionId } = releasing;
  const result = await context.service.engine.submit(
    {
      type: 'proclaim',
      sessionId,
      name: asResourceName(name),
      fenceToken: asFenceToken(fence_token),
      value,
      ...requestIdOf(body),
    },
    callOptions(context),
  );
  if (!result.ok) return refusedRelease(result, releasing);
  return { proclaimed: true, resource: name, fence_token, revision: result.revision };
}

export async function electionLeader(
  body: ElectionRef,
  context: OperationContext,
): Promise<ElectionAnswer> {
  const { name, consistency = 'linearizable' } = body;
  const { engine, now } = context.service;
  const query = { type: 'election', name, ...shownOf(body) } as const;
  const result = await engine.query(query, consistency, callOptions(context));
  return electionAnswer(result.view, result.revision, consistency, now());
}

export function electionAnswer(
  { name, leader, candidates, candidateCount, delayedForMs }: ElectionView,
  revision: number,
  consistency: Consistency,
  nowMs: number,
): ElectionAnswer {
  return {
    resource: name,
    leader:
      leader === undefined
        ? null
        : {
            session_id: leader.sessionId,
            client_id: leader.clientId,
            fence_token: leader.fenceToken,
            value: leader.metadata ?? null,
            elected_at: leader.acquiredAtMs / 1000,
            ends_in_seconds: endsInSeconds(leader),
          },
    candidates: candidates.map(({ sessionId, clientId, position, priority }) => ({
      session_id: sessionId,
      client_id: clientId,
      position,
      priority,
    })),
    candidate_count: candidateCount,
    waiter_count: candidateCount,
    delayed_until: delayedForMs > 0 ? (nowMs + delayedForMs) / 1000 : null,
    revision,
    consistency,
  };
}

/** The audit, as operators turn it on and look at it. */
import type {
  AuditCheckpointAnswer,
  AuditRecordsAnswer,
  AuditRecordsBody,
  AuditStatusAnswer,
  AuditSwitchedAnswer,
} from '@holdfast/protocol';
import { cannotRecord } from '../pipeline/auditing.ts';
import { requestErrorOf } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';

export function auditStatus(
  _body: object,
  { service: { engine, auditing } }: OperationContext,
): AuditStatusAnswer {
  const { isOn, size, head } = engine.audit;
  const status = auditing?.status();
  return {
    enabled: isOn,
    size,
    head,
    revision: engine.revision,
    failing: status?.isFailing ?? false,
    refuses_changes: status?.refusesChanges ?? false,
    chains: (status?.chains ?? []).map((chain) => ({
      chain: chain.chain,
      size: chain.size,
      head: chain.head,
      dropped: chain.dropped,
      buffered_bytes: chain.bufferedBytes,
    })),
  };
}

const switchTo =
  (isOn: boolean) =>
  async (_body: object, context: OperationContext): Promise<Outcome<AuditSwitchedAnswer>> => {
    const { engine } = context.service;
    const result = await engine.submit({ type: 'set_audit', isOn }, callOptions(context));
    return result.ok ? { enabled: isOn } : requestErrorOf(result);
  };

export const enable: ReturnType<typeof switchTo> = switchTo(true);
export const disable: ReturnType<typeof switchTo> = switchTo(false);

export async function checkpoint(
  _body: object,
  { service: { auditing } }: OperationContext,
): Promise<Outcome<AuditCheckpointAnswer>> {
  if (auditing === undefined) return { notes: [], verifier_key: '' };
  const signed = await auditing.checkpoint();
  if (signed === undefined) return cannotRecord;
  return { notes: signed.notes, verifier_key: signed.verifierKey };
}

const recordsShown = 50;

export async function records(
  { chain = 'changes', limit = recordsShown }: AuditRecordsBody,
  { service: { auditing } }: OperationContext,
): Promise<AuditRecordsAnswer> {
  const latest = await auditing?.latest(chain, limit);
  return {
    records: (latest?.records ?? []).map(({ atMs, on, ...rest }) => ({
      ...rest,
      at: atMs / 1000,
      on: [...on],
    })),
    whole: latest?.isWhole ?? true,
  };
}

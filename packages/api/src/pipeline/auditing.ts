/**
 * What a node records of requests in a chain of its own, beside the changes that all nodes record where they are applied.
 *
 * AUDITING-1: recorded are refusals, of whoever proved nothing as well; what is done and stands in no log of the
 *     cluster; and reads where that is configured. What the state refuses of a change is among the changes;
 *     what was refused before it came into the log is not.
 * AUDITING-2: of a request its operation, what it is about, who asked and what became of it are told: nothing else of its body,
 *     and no id of a session.
 * AUDITING-3: where a node cannot record and is not to go on without, what would have to be recorded is refused before anything
 *     is done.
 * AUDITING-4: what keeps a session or what it holds is no read: it is not recorded, and never refused for the audit. Nobody
 *     loses a lock because a node cannot write. Neither are probes: a node that cannot record is alive.
 * AUDITING-5: what may have changed something is told apart from what was refused or read: nobody pushes the record of a
 *     change out by being refused, or by reading.
 */
import { neverRecorded, ofOwnStore, unlogged } from '@holdfast/contract';
import { errorDefinitions } from '@holdfast/protocol';
import { anonymous, callerOf } from '../callers.ts';
import { RequestError } from '../request-error.ts';
import type { AccessRequest, AuditOutcome } from './access-request.ts';
import type { Caller } from './caller.ts';

export interface AuditedRequest {
  readonly identity: string;
  /** `none`, `certificate`, or `key` and the id of the key. */
  readonly proof: string;
  readonly address: string | undefined;
  /** Whose limits it counts for. */
  readonly caller: string | undefined;
  readonly operation: string;
  /** As `kind/name`. */
  readonly on: readonly string[];
  readonly outcome: AuditOutcome;
  readonly isRefused: boolean;
  /** It changed something that stands in no log, or may have (AUDITING-5). */
  readonly changes: boolean;
}

export interface AuditedChain {
  readonly chain: string;
  readonly size: number;
  readonly head: string;
  /** Since this node started. */
  readonly records: number;
  readonly dropped: number;
  readonly failedWrites: number;
  readonly bufferedBytes: number;
}

export interface AuditStatus {
  readonly isFailing: boolean;
  readonly refusesChanges: boolean;
  readonly chains: readonly AuditedChain[];
}

/** A record, as far as people look at it; empty where it has none of that. */
export interface AuditedRecord {
  readonly seq: number;
  readonly hash: string;
  /** Wall clock; 0: not known. */
  readonly atMs: number;
  readonly by: string;
  readonly proof: string;
  readonly address: string;
  readonly client: string;
  readonly operation: string;
  /** As `kind/name`. */
  readonly on: readonly string[];
  readonly outcome: string;
}

export interface LatestRecords {
  /** Newest first. */
  readonly records: readonly AuditedRecord[];
  /** Each follows by its hash on the one before. */
  readonly isWhole: boolean;
}

export type AuditChainName = 'changes' | 'node' | 'requests';

export interface NodeAuditing {
  /** Asked for each request. */
  readonly isOn: boolean;
  readonly recordsReads: boolean;
  /** AUDITING-3: no change, and nothing else that only the record of this node tells of, as a backup. */
  readonly cannotRecord: boolean;
  /** AUDITING-3: no read. */
  readonly cannotRecordReads: boolean;
  tell(request: AuditedRequest): void;
  status(): AuditStatus;
  /** Of the files of this node. */
  latest(chain: AuditChainName, limit: number): Promise<LatestRecords>;
  /** Signed, of each chain; and what their signatures are checked by. Undefined: they cannot be written now. */
  checkpoint(): Promise<
    { readonly notes: readonly string[]; readonly verifierKey: string } | undefined
  >;
}

export const cannotRecord: RequestError = new RequestError(
  'audit_unavailable',
  'This node cannot write its audit, and is not to do what it cannot record (audit.on_failure: fail_closed). The request was not executed. Make room on its disk, or ask another node.',
);

/** AUDITING-4. */
const isRecordedRead = (
  { recordsReads }: NodeAuditing,
  { operation, changes }: Pick<AccessRequest, 'operation' | 'changes'>,
): boolean => recordsReads && !changes && !neverRecorded.has(operation);

/** AUDITING-3. */
export function unrecordable(
  auditing: NodeAuditing,
  request: Pick<AccessRequest, 'operation' | 'changes'>,
): RequestError | undefined {
  if (!auditing.cannotRecord && !auditing.cannotRecordReads) return undefined;
  const mustBeRecorded = request.changes || unlogged.has(request.operation);
  const isUnrecordable = mustBeRecorded
    ? auditing.cannotRecord
    : auditing.cannotRecordReads && isRecordedRead(auditing, request);
  return isUnrecordable ? cannotRecord : undefined;
}

export interface Recording {
  readonly auditing: NodeAuditing;
  /** Queues are kept outside the log of the cluster. */
  readonly hasOtherQueues: boolean;
}

/** AUDITING-1. */
export function record(
  { auditing, hasOtherQueues }: Recording,
  caller: Caller,
  request: AccessRequest,
  outcome: AuditOutcome,
  isUnlogged = false,
): void {
  const isRefused = outcome !== 'done' && outcome !== 'begun';
  const isBeside = isBesideTheLog(request, hasOtherQueues);
  const isByCluster = isRefused && errorDefinitions[outcome].by === 'cluster';
  if (isRefused) {
    if (request.changes && isByCluster && !isBeside && !isUnlogged) return; // Among the changes.
  } else if (!isBeside && !isRecordedRead(auditing, request)) return;
  const { identity, proof, keyId, address, share } = caller;
  auditing.tell({
    identity,
    proof: keyId === undefined ? proof : `key ${keyId}`,
    address,
    caller: share,
    operation: request.operation,
    on: request.resources.flatMap(({ kind, name }) =>
      // AUDITING-2
      name === undefined || kind === 'session' ? [] : [`${kind}/${name}`],
    ),
    outcome,
    isRefused,
    changes: isBeside && (!isRefused || isByCluster),
  });
}

/** Whether no log of the cluster tells that it was done. */
export const isBesideTheLog = (
  { operation, changes }: Pick<AccessRequest, 'operation' | 'changes'>,
  hasOtherQueues: boolean,
): boolean => unlogged.has(operation) || (hasOtherQueues && changes && ofOwnStore.has(operation));

/** Of a request that is not valid, before any rule is asked: what it is about is not known. */
export function recordUnread(
  auditing: NodeAuditing | undefined,
  { identity, proof, keyId, address, share }: Caller,
  operation: string,
  { code }: RequestError,
): void {
  if (auditing?.isOn !== true) return;
  auditing.tell({
    identity,
    proof: keyId === undefined ? proof : `key ${keyId}`,
    address,
    caller: share,
    operation,
    on: [],
    outcome: code,
    isRefused: true,
    changes: false,
  });
}

/** Of who shows a proof that does not hold: nothing is known of it but from where it came. */
export function recordWrongProof(
  auditing: NodeAuditing | undefined,
  { code }: RequestError,
  address: string | undefined,
  keyId: string | undefined,
): void {
  if (auditing?.isOn !== true) return;
  auditing.tell({
    identity: anonymous,
    proof: keyId === undefined ? 'none' : `not proven: key ${keyId}`,
    address,
    caller: callerOf(anonymous, address),
    operation: 'authenticate',
    on: [],
    outcome: code,
    isRefused: true,
    changes: false,
  });
}

/** Of a connection that was refused before anything was asked on it: its handshake failed, or its certificate does not hold. */
export function recordRefusedConnection(
  auditing: NodeAuditing | undefined,
  { port, address }: { readonly port: string; readonly address: string | undefined },
): void {
  if (auditing?.isOn !== true) return;
  auditing.tell({
    identity: anonymous,
    proof: 'none',
    address,
    caller: callerOf(anonymous, address),
    operation: 'handshake',
    on: [`port/${port}`],
    outcome: 'unauthorized',
    isRefused: true,
    changes: false,
  });
}

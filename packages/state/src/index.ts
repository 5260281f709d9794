export { chained as chainedAudit, emptyHead as emptyAuditHead } from './kernel/audit/chain.ts';
export type { AuditHead, AuditLine } from './kernel/audit/head.ts';
export { limitsWithin, unknownPart } from './kernel/command-fields.ts';
export { withinLevel } from './kernel/feature-levels.ts';
export { hasNoOrder } from './kernel/forgotten-names.ts';
export {
  callerLevel,
  firstFeatureLevel,
  forceInPartsLevel,
  latestFeatureLevel,
  unorderedNamesLevel,
} from './kernel/levels.ts';
export { SnapshotFormatError, tooLongLine } from './kernel/snapshot/fields.ts';
export { maxLineLength } from './kernel/snapshot/pieces.ts';
export { StateInvariantError } from './kernel/invariant.ts';
export { initialLimits, limitsWithoutLog } from './kernel/limits.ts';
export { belongsTo } from './kernel/answer-types.ts';
export { beginRestore, createStateMachine, restoreStateMachine } from './kernel/machine.ts';
export { isRepeatable } from './kernel/repeatable.ts';
export { isSignOfLife } from './kernel/sign-of-life.ts';
export { payloadIn, WholeSnapshot } from './kernel/snapshot/whole.ts';
export { formatVersion as snapshotFormatVersion } from './kernel/snapshot/snapshot.ts';
export { anonymousIdentity, nodeIdentity } from './kernel/commands.ts';
export type * from './kernel/commands.ts';
export type * from './kernel/contract.ts';
export type * from './kernel/view-types.ts';
export type { StateLimits } from './kernel/limits.ts';
export type { Shown } from './kernel/primitive.ts';
export {
  commandDeclarations,
  primitiveDeclarations,
  primitiveLimits,
} from './primitives/declared.ts';
export type * from './primitives/declared.ts';
export type * from './primitives/holds/commands.ts';
export type * from './kernel/names.ts';
export { reservedLockPrefix } from './kernel/reserved.ts';
export type * from './kernel/outcomes.ts';
export { administratorRole } from './primitives/access/access.ts';
export type * from './primitives/access/access.ts';
export { certificateFields, verbs } from './primitives/access/commands.ts';
export { Rights, ruleText } from './primitives/access/rights.ts';
export type { NameRange, RoleRule } from './primitives/access/rights.ts';
export { dedupWindowMs } from './primitives/queue/dedup.ts';
export { firstBackoffMs, longestBackoffMs, maxTakenBytes } from './primitives/queue/deliveries.ts';
export { messageBytes } from './primitives/queue/messages.ts';
export { addPartition, addPartitions, emptyPartition } from './primitives/queue/partition-sums.ts';
export type { PartitionSum } from './primitives/queue/partition-sums.ts';
export { largestWithin, payloadHash } from './primitives/queue/payloads.ts';
export type { KeptPayload, PayloadChanges, StoredPayload } from './primitives/queue/payloads.ts';
export { partitionCount, partitionOf } from './primitives/queue/placement.ts';
export { defaultMaxDeliveries } from './primitives/queue/queues.ts';
export { Rate } from './primitives/queue/rates.ts';
export * as refusalsOfQueues from './primitives/queue/refusals.ts';
export {
  holdEvents,
  holdLifecycle,
  holdStates,
  sessionEvents,
  sessionLifecycle,
  sessionStates,
} from './kernel/lifecycle.ts';
export type {
  Answered,
  HoldEvent,
  HoldState,
  SessionEvent,
  SessionState,
  Transition,
} from './kernel/lifecycle.ts';

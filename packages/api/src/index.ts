export { startApi } from './api.ts';
export { defaultApiLimits } from './options.ts';
export type { Api, ApiLimits, ApiLog, ApiOptions } from './options.ts';
export type { AccessRequest, Audit, AuditOutcome, Authorize, Resource } from './pipeline/access.ts';
export { recordRefusedConnection } from './pipeline/auditing.ts';
export type {
  AuditChainName,
  AuditedRecord,
  AuditedRequest,
  AuditStatus,
  LatestRecords,
  NodeAuditing,
} from './pipeline/auditing.ts';
export type { Caller } from './pipeline/caller.ts';

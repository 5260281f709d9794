export { startApi } from './api.ts';
export { defaultApiLimits } from './limits.ts';
export type { ApiLimits } from './limits.ts';
export type { ApiLog } from './log.ts';
export type { Api, ApiOptions } from './options.ts';
export type {
  AccessRequest,
  Audit,
  AuditOutcome,
  Authorize,
  Resource,
} from './pipeline/access-request.ts';
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

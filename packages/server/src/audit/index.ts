/** What the command line needs of the audit, without a node. */
export { lookAtAudit } from './look.ts';
export type { SeenChain } from './look.ts';
export { missingRecords, verifyFolders } from './compare.ts';
export type { Verified } from './verify.ts';

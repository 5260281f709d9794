/** What the command line needs of the audit, without a node. */
export { missingRecords, verifyFolders } from './compare.ts';
export type { Verified } from './verify.ts';

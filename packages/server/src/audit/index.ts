/** What the command line needs of the audit, without a node. */
export { verifyFolders } from './compare.ts';
export type { Verified } from './verify.ts';

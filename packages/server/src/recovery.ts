/** Beside the rest of this package: whoever makes a recovery key needs no engine. */
export { makeRecoveryKey } from './recovery-key.ts';

/** Beside the rest of this package: whoever starts a local cluster or reads settings needs no engine. */
export { newKey, recoveryIdentity } from '@holdfast/api/keys';
export { restoreBackup } from '@holdfast/engine';

/** How keys are made, for who needs nothing else of this package. */
export { newKey, recoveryIdentity } from './pipeline/api-keys.ts';

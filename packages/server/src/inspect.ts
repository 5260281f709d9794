/** Beside the rest of this package: whoever starts a local cluster or reads settings needs no engine. */
export { inspectFolder } from '@holdfast/engine';
export type { InspectedFolder, InspectedState } from '@holdfast/engine';

/** A guard for resources behind HTTP: what the client sends, and what the server does with it. */
export type { Grant } from './fence-token.ts';
export { fenceTokenHeader, withFence } from './fence-header.ts';
export type { RequestHeaders } from './fence-header.ts';
export { HttpFenceGuard } from './http-fence-guard.ts';
export type {
  FenceOutcome,
  FenceAcceptance,
  FenceRefusal,
  HttpFenceGuardOptions,
} from './http-fence-guard.ts';
export type { FenceStore } from './fence-store.ts';
export { MemoryFenceStore } from './memory-fence-store.ts';
export type { MemoryFenceStoreOptions } from './memory-fence-store.ts';

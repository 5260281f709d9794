export { ownersOf } from './owners.ts';
export { ReplicatedQueues } from './replicated.ts';
export type { Events } from './replicated.ts';
export type { QueueQuery, QueueStore } from './store.ts';

/**
 * What nodes and clients of the quorum agree on. Short, so that many leases run out in a minute; longer than
 * a node takes to start, so that one that forgot its leases would be found.
 */
export const ttlMs = 2500;
export const driftBufferMs = 100;
export const nodeTimeoutMs = 400;
export const epoch = 1;
/** Which all clients want. */
export const sharedLocks: readonly string[] = ['red', 'blue'];

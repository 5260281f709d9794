/** Locks whose names begin so are those by which nodes own partitions of queues. No client takes one. */
export const reservedLockPrefix = 'holdfast/queue/';

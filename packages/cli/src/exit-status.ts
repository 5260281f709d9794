/** What the exit status of `holdfast` means. */
export const exitStatus = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** The lock is held by somebody else, too few permits are free, somebody else leads, or the wait ran out. */
  notAcquired: 3,
  /** The lease was lost while a command ran under it. */
  leaseLost: 4,
  /** No node of the cluster answered. */
  unreachable: 5,
} as const;

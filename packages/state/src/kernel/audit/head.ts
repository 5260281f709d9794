/** How far the audit of changes has come, and what a line of it is. */

/** Where the chain has come to. */
export interface AuditHead {
  readonly isOn: boolean;
  /** Records since the cluster began. */
  readonly size: number;
  /** Hash of the last one; zeros before the first. */
  readonly head: string;
}

/** A line of the audit: one JSON object, whose last field is its hash. */
export type AuditLine = string;

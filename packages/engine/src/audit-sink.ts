/** Who is told the records of changes as they are applied. */
import type { AuditHead, AuditLine } from '@holdfast/state';

/** Where the records of changes are written (AUDIT-CHAIN-1 of the state), on every node. */
export interface AuditSink {
  /**
   * In the order of the log. After a restart what is applied again is told again: whoever writes it knows how far it has come.
   */
  changed(lines: readonly AuditLine[]): void;
  /** The state was taken from a snapshot: what led to it was not told. */
  restored(audit: AuditHead): void;
  /** Entries should not be applied until `onRoom`: more would be told than can be written. */
  readonly isBehind: boolean;
  /** Called when it is behind no more. */
  onRoom(listener: () => void): void;
  /** Resolves once all that was told is durable, or need not be: a snapshot is not finished before, after which it is not told again. */
  durable(): Promise<void>;
}

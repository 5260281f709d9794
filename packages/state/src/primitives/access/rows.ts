/** The records that access is kept in. */
import type { LogIndex } from '../../kernel/names.ts';
import type { AccessRule, CertificateField } from './commands.ts';

/** Records are never changed: a snapshot that is being taken keeps the old ones. */
export interface Key {
  readonly id: string;
  readonly identity: string;
  readonly hash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly lastUsedMs: number | undefined;
}

export interface Role {
  readonly name: string;
  readonly rules: readonly AccessRule[];
  readonly changedAt: LogIndex;
}

export interface Binding {
  readonly identity: string;
  readonly roles: readonly string[];
  readonly changedAt: LogIndex;
}

export interface CertificateMapping {
  readonly field: CertificateField;
  readonly value: string;
  readonly identity: string;
}

export type AdministrationState = 'lasting' | 'ending' | 'none';

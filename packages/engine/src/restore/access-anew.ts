/**
 * What becomes of keys, and of all that proves an identity or gives it a role, when a new cluster begins with the state of
 * a backup.
 *
 * BEGIN-5: a backup has keys that were revoked since, and roles that were taken since, and does not tell which. So whoever restores
 *     says what becomes of them: nothing comes back unsaid.
 * BEGIN-6: where they end, all do that prove an identity or give it a role, and who may do what stays asked: one new key is all that
 *     opens the cluster. It is in no state between: no entry of it is seen by anybody but as a whole.
 */
import type { Command, StateMachine } from '@holdfast/state';
import { RestoreError } from './restore-error.ts';

/** What becomes of keys, mapped certificates and roles of identities in the backup. */
export type KeysChoice = 'keep' | 'end';

/** Made by whoever restores: a state has no secret. */
export interface NewAdministrator {
  readonly id: string;
  /** SHA-256 of the secret, in lower-case hexadecimal. */
  readonly hash: string;
  /** Of nobody else. */
  readonly identity: string;
  readonly createdAtMs: number;
}

export interface RestoredAccess {
  /** Who may do what is asked in the new cluster. */
  readonly isEnabled: boolean;
  readonly endedKeys: number;
  /** The new key counts: there is no other one. */
  readonly isNewKeyUsed: boolean;
}

const commandsPerEntry = 100;

type Enter = (commands: readonly Command[]) => readonly { readonly ok: boolean }[];

/** @throws RestoreError where it is not said what becomes of what is there (BEGIN-5). */
export function assertChosen({ access }: StateMachine, choice: KeysChoice | undefined): void {
  const { keys, bindings, certificates, isEnabled } = access;
  const isNothing = keys.size === 0 && bindings.size === 0 && certificates.size === 0;
  if (choice !== undefined || (isNothing && !isEnabled)) return;
  throw new RestoreError(
    `The backup has ${String(keys.size)} API keys, ${String(certificates.size)} mapped certificates and ${String(bindings.size)} identities with roles, and does not tell which were revoked since. ` +
      `Say what becomes of them: "--keys end" ends them all and makes one new key of an administrator, "--keys keep" brings them back as they were. Nothing was written.`,
  );
}

/** BEGIN-6. */
export async function beginAccess(
  state: StateMachine,
  choice: KeysChoice | undefined,
  administrator: NewAdministrator | undefined,
  enter: Enter,
  pause: () => Promise<void>,
): Promise<RestoredAccess> {
  const { isEnabled } = state.access;
  if (choice !== 'end') return { isEnabled, endedKeys: 0, isNewKeyUsed: false };
  if (isEnabled && administrator === undefined)
    throw new RestoreError('Keys end, and nobody could administer the cluster without a new one.');
  const endedKeys = state.access.keys.size;
  const done = (commands: readonly Command[]): void => {
    if (enter(commands).some(({ ok }) => !ok))
      throw new Error('BEGIN-6: keys of the backup could not be ended. Nothing was written.');
  };
  if (isEnabled) done([{ type: 'auth_disable' }]);
  const endings = endingsOf(state);
  for (let from = 0; from < endings.length; from += commandsPerEntry) {
    done(endings.slice(from, from + commandsPerEntry));
    await pause();
  }
  if (!isEnabled || administrator === undefined)
    return { isEnabled, endedKeys, isNewKeyUsed: false };
  done([{ type: 'auth_create_key', roles: ['admin'], ...administrator }, { type: 'auth_enable' }]);
  return { isEnabled, endedKeys, isNewKeyUsed: true };
}

function endingsOf({ access }: StateMachine): readonly Command[] {
  const endings: Command[] = [];
  for (const id of access.keys.keys()) endings.push({ type: 'auth_revoke_key', id });
  for (const { field, value } of access.certificates.values())
    endings.push({ type: 'auth_unmap_certificate', field, value });
  for (const { identity, roles } of access.bindings.values())
    for (const role of roles) endings.push({ type: 'auth_unbind', identity, role });
  return endings;
}

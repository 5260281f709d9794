/** What is known of others before authentication is turned on, when everybody could make it. */
import type { Client } from '@holdfast/client';
import { AdvisedError } from './failure.ts';
import { printable } from './printable.ts';

/** @throws AdvisedError naming what there is, a page of each kind. */
export async function refuseOthers(client: Client): Promise<void> {
  const { keys } = await client.call('auth_list_keys', {});
  const { roles } = await client.call('auth_list_roles', {});
  const { identities } = await client.call('auth_list_identities', {});
  const { certificates } = await client.call('auth_list_certificates', {});
  const known = [
    ...keys.map(({ key_id, identity }) => `key ${key_id} of "${identity}"`),
    ...roles.filter(({ role }) => role !== 'admin').map(({ role }) => `role "${role}"`),
    ...identities.map((one) => `identity "${one.identity}" with ${one.roles.join(', ')}`),
    ...certificates.map((one) => `certificate ${one.field} ${one.value} of "${one.identity}"`),
  ];
  if (known.length === 0) return;
  throw new AdvisedError(
    'others_have_access',
    'Anybody could make keys and roles so far, and there are some. Nothing was changed.',
    `There are:\n${known.map((one) => `  ${printable(one)}`).join('\n')}\nRemove those that you do not know, or keep them with --keep-others.`,
  );
}

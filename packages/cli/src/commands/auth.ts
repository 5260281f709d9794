/** `holdfast auth ...`: who may do what. */
import type { Command } from 'commander';
import type { Client } from '@holdfast/client';
import type { GrantBody } from '@holdfast/protocol';
import { useApiKey } from '../api-key.ts';
import type { ListPrinter, RecordPrinter } from './auth-certificates.ts';
import { addCertificates } from './auth-certificates.ts';
import { refuseOthers } from '../auth-others.ts';
import { UsageError } from '../failure.ts';
import { keptIn, keyFileOption } from '../key-file.ts';
import { printRecord } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { shellWord } from '../shell-word.ts';
import { countOf, withClient } from '../with-client.ts';

export function addAuthCommands(program: Command, at: () => Environment): void {
  const auth = program
    .command('auth')
    .description('Authentication and access rules: API keys, roles and identities.');
  const printed: RecordPrinter = async (work) => {
    const environment = at();
    await withClient(environment, async (client) => {
      printRecord(environment.output, await work(client));
    });
  };
  const listed: ListPrinter = async (columns, work) => {
    const environment = at();
    const { output } = environment;
    await withClient(environment, async (client) => {
      const page = await work(client);
      if (output.json) output.write(`${JSON.stringify(page, null, 2)}\n`);
      else output.write(tableOf(columns, page));
    });
  };
  addSwitch(auth, at, printed);
  addRecover(auth, at);
  addKeys(auth, at, printed, listed);
  addRoles(auth, printed, listed);
  addCertificates(auth, printed, listed);
}

/** The rows of a page, a line each, with these of their fields. */
function tableOf(columns: readonly string[], page: object): string {
  const all: unknown = Object.values(page).find((part: unknown) => Array.isArray(part));
  const rows = (Array.isArray(all) ? (all as readonly object[]) : []).map((row) =>
    columns.map((column) => shown(Object.getOwnPropertyDescriptor(row, column)?.value)),
  );
  const lines = [columns, ...rows];
  const widths = columns.map((_, at) =>
    lines.reduce((widest, line) => Math.max(widest, line[at]?.length ?? 0), 0),
  );
  const table = lines.map((line) =>
    line
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const next = 'next_after' in page && typeof page.next_after === 'string' ? page.next_after : '';
  const more = next === '' ? [] : [`More: --after ${shellWord(next)}`];
  return `${[...table, ...more].join('\n')}\n`;
}

/** A value in one cell: a rule as it is written on the command line. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.map(shown).join(', ');
  if (typeof value === 'string') return printable(value);
  if (typeof value !== 'object') return JSON.stringify(value);
  return Object.entries(value)
    .map(([name, part]) =>
      name === 'name' || name === 'prefix' ? `--${name} ${shown(part)}` : shown(part),
    )
    .join(' ');
}

interface Enabling {
  readonly identity: string;
  readonly keepOthers?: true;
  readonly keyFile?: string;
}

const shownOnce =
  'The key is shown this once: keep it where only its user reads it (HOLDFAST_API_KEY_FILE names such a file).';

function addSwitch(auth: Command, at: () => Environment, printed: RecordPrinter): void {
  auth
    .command('enable')
    .description('Makes the first administrator and turns authentication on.')
    .option('--identity <name>', 'identity of the first administrator', 'admin')
    .option('--keep-others', 'keep the keys, roles and certificates that are known already')
    .addOption(keyFileOption())
    .addHelpText(
      'after',
      `
Prints the key of the administrator, before anything is turned on: from then on nobody does anything without a
key, or a certificate, of an identity with a role. With HOLDFAST_API_KEY set to the key of an administrator no
other key is made. Until then everybody could make keys: where there are any, or roles or certificates, they are
listed, and nothing is turned on before they are removed or --keep-others is given.

Examples:
  holdfast auth enable
  holdfast auth enable --key-file admin.key`,
    )
    .action(async (options: Enabling) => {
      const { identity, keepOthers = false, keyFile } = options;
      const environment = at();
      const isKnown = await withClient(environment, async (client) => {
        const { enabled, roles } = await client.call('auth_status', {});
        if (enabled || roles.includes('admin')) return true;
        if (!keepOthers) await refuseOthers(client);
        const create = { identity, roles: ['admin'] };
        const kept = await keptIn(keyFile, () => client.call('auth_create_key', create));
        tellKey(environment, kept, keyFile);
        useApiKey(kept.made.key);
        return false;
      });
      // By the key that was just told: it is known to be valid, and to be known.
      await withClient(environment, (client) =>
        client.call('auth_enable', keepOthers ? { keep_others: true } : {}),
      );
      if (!environment.output.json)
        environment.output.write(
          isKnown
            ? 'Authentication is on.\n'
            : `Authentication is on; export HOLDFAST_API_KEY${keyFile === undefined ? '' : `_FILE=${shellWord(keyFile)}`}.\n`,
        );
    });
  auth
    .command('disable')
    .description('Turns authentication off: everybody may do everything.')
    .addHelpText('after', '\nExample:\n  holdfast auth disable')
    .action(() => printed((client) => client.call('auth_disable', {})));
  auth
    .command('status')
    .description('Shows whether authentication is on, and who you are.')
    .addHelpText('after', '\nExample:\n  holdfast auth status')
    .action(() => printed((client) => client.call('auth_status', {})));
  auth
    .command('check <identity> <verb> <kind> [name]')
    .description('Shows which rule decides whether an identity may do something.')
    .addHelpText('after', '\nExample:\n  holdfast auth check reports acquire lock reports/daily')
    .action((identity: string, verb: string, kind: string, name: string | undefined) =>
      printed((client) =>
        client.call('auth_check', {
          identity,
          verb: verbOf(verb),
          kind,
          ...(name === undefined ? {} : { name }),
        }),
      ),
    );
}

interface Recovering {
  readonly storageFolder: string;
  readonly keyFile?: string;
}

function addRecover(auth: Command, at: () => Environment): void {
  auth
    .command('recover')
    .description('Makes a key of an administrator in the folder of a node that does not run.')
    .requiredOption('--storage-folder <folder>', 'of the node')
    .addOption(keyFileOption())
    .addHelpText(
      'after',
      `
For who has lost all keys. The key is valid for a day, on all nodes, once the node has been started again and the
cluster has a leader; its identity is "recovery-" and its id. Revoke it when it was used.

Examples:
  holdfast auth recover --storage-folder /srv/holdfast
  holdfast auth recover --storage-folder /srv/holdfast --key-file recovery.key`,
    )
    .action(async ({ storageFolder, keyFile }: Recovering) => {
      const { makeRecoveryKey } = await import('@holdfast/server/recovery');
      const kept = await keptIn(keyFile, async () => ({
        ...(await makeRecoveryKey(storageFolder, Date.now())),
        valid_for_seconds: 86_400,
      }));
      tellKey(at(), kept, keyFile);
    });
}

interface Lasting {
  readonly expiresIn?: string;
}

interface Making extends Lasting {
  readonly role?: readonly string[];
  readonly keyFile?: string;
}

interface Rotating extends Lasting {
  readonly grace?: string;
  readonly keyFile?: string;
}

/** Shown this once, or in a file. */
async function madeKey<Made extends { readonly key: string }>(
  environment: Environment,
  keyFile: string | undefined,
  make: (client: Client) => Promise<Made>,
): Promise<void> {
  await withClient(environment, async (client) => {
    tellKey(environment, await keptIn(keyFile, () => make(client)), keyFile);
  });
}

function tellKey(
  { output }: Environment,
  { shown: told }: { readonly shown: object },
  keyFile: string | undefined,
): void {
  printRecord(output, told);
  if (!output.json && keyFile === undefined) output.write(`${shownOnce}\n`);
}

const expiryOf = ({ expiresIn }: Lasting): { readonly expires_in_seconds?: number } =>
  expiresIn === undefined ? {} : { expires_in_seconds: countOf('--expires-in', expiresIn) };

function addKeys(
  auth: Command,
  at: () => Environment,
  printed: RecordPrinter,
  listed: ListPrinter,
): void {
  const key = auth.command('key').description('API keys, which prove an identity.');
  key
    .command('create <identity>')
    .description('Makes a key of an identity; it is shown once.')
    .option('--role <names...>', 'roles that the identity is given as well')
    .option('--expires-in <seconds>', 'it ends by itself (default: never)')
    .addOption(keyFileOption())
    .addHelpText(
      'after',
      `
Examples:
  holdfast auth key create reports --role worker
  holdfast auth key create reports --role worker --key-file reports.key`,
    )
    .action((identity: string, options: Making) =>
      madeKey(at(), options.keyFile, (client) => {
        const { role: roles } = options;
        const asked = { identity, ...expiryOf(options), ...(roles === undefined ? {} : { roles }) };
        return client.call('auth_create_key', asked);
      }),
    );
  key
    .command('list')
    .description('Lists keys, by pages.')
    .option('--after <key-id>', '"next_after" of the page before')
    .addHelpText('after', '\nExample:\n  holdfast auth key list')
    .action(({ after }: { readonly after?: string }) =>
      listed(['key_id', 'identity', 'expires_at', 'last_used_at'], (client) =>
        client.call('auth_list_keys', after === undefined ? {} : { after }),
      ),
    );
  key
    .command('revoke <key-id>')
    .description('Revokes a key: what it has open ends on all nodes.')
    .addHelpText('after', '\nExample:\n  holdfast auth key revoke k3f9a1c27b5d0e846')
    .action((key_id: string) => printed((client) => client.call('auth_revoke_key', { key_id })));
  key
    .command('rotate <key-id>')
    .description('Makes another key of the same identity, which is shown once, and ends this one.')
    .option('--grace <seconds>', 'this one is valid for so long (default: it ends at once)')
    .option('--expires-in <seconds>', 'the new one ends by itself (default: never)')
    .addOption(keyFileOption())
    .addHelpText(
      'after',
      `
Examples:
  holdfast auth key rotate k3f9a1c27b5d0e846 --grace 86400
  holdfast auth key rotate k3f9a1c27b5d0e846 --key-file reports.key`,
    )
    .action((key_id: string, options: Rotating) =>
      madeKey(at(), options.keyFile, (client) =>
        client.call('auth_rotate_key', {
          key_id,
          ...expiryOf(options),
          ...(options.grace === undefined
            ? {}
            : { grace_seconds: countOf('--grace', options.grace) }),
        }),
      ),
    );
}

interface Names {
  readonly name?: string;
  readonly prefix?: string;
}

function addRoles(auth: Command, printed: RecordPrinter, listed: ListPrinter): void {
  const role = auth.command('role').description('Roles with rules, and who has them.');
  for (const [name, operation, description] of [
    ['grant', 'auth_grant', 'Adds a rule to a role, and makes the role.'],
    ['revoke', 'auth_revoke', 'Takes a rule from a role.'],
  ] as const)
    role
      .command(`${name} <role> <verb> [kind]`)
      .description(description)
      .option('--name <name>', 'this resource alone')
      .option('--prefix <prefix>', 'all resources whose names have this prefix')
      .addHelpText(
        'after',
        `
Verbs: read, acquire, manage, push, consume, cache-read, cache-write, admin. Without a kind: of every kind.

Example:
  holdfast auth role ${name} worker acquire lock --prefix reports/`,
      )
      .action((toRole: string, verb: string, kind: string | undefined, names: Names) =>
        printed((client) =>
          client.call(operation, {
            role: toRole,
            verb: verbOf(verb),
            ...(kind === undefined ? {} : { kind }),
            ...names,
          }),
        ),
      );
  role
    .command('list')
    .description('Lists roles with their rules, by pages.')
    .option('--after <role>', '"next_after" of the page before')
    .addHelpText('after', '\nExample:\n  holdfast auth role list')
    .action(({ after }: { readonly after?: string }) =>
      listed(['role', 'rules'], (client) =>
        client.call('auth_list_roles', after === undefined ? {} : { after }),
      ),
    );
  role
    .command('delete <role>')
    .description('Deletes a role, and takes it from all that have it.')
    .addHelpText('after', '\nExample:\n  holdfast auth role delete worker')
    .action((name: string) => printed((client) => client.call('auth_delete_role', { role: name })));
  for (const [name, operation, description] of [
    ['bind', 'auth_bind', 'Gives a role to an identity.'],
    ['unbind', 'auth_unbind', 'Takes a role from an identity.'],
  ] as const)
    role
      .command(`${name} <role> <identity>`)
      .description(description)
      .addHelpText('after', `\nExample:\n  holdfast auth role ${name} worker reports`)
      .action((toRole: string, identity: string) =>
        printed((client) => client.call(operation, { role: toRole, identity })),
      );
  role
    .command('identities')
    .description('Lists identities with their roles, by pages.')
    .option('--after <identity>', '"next_after" of the page before')
    .addHelpText('after', '\nExample:\n  holdfast auth role identities')
    .action(({ after }: { readonly after?: string }) =>
      listed(['identity', 'roles'], (client) =>
        client.call('auth_list_identities', after === undefined ? {} : { after }),
      ),
    );
}

const verbs: Readonly<Record<string, GrantBody['verb']>> = {
  read: 'read',
  acquire: 'acquire',
  manage: 'manage',
  push: 'push',
  consume: 'consume',
  'cache-read': 'cache_read',
  'cache-write': 'cache_write',
  admin: 'admin',
};

function verbOf(text: string): GrantBody['verb'] {
  const verb = verbs[text.replace('_', '-')];
  if (verb === undefined)
    throw new UsageError(`A verb is one of ${Object.keys(verbs).join(', ')}; given: "${text}".`);
  return verb;
}

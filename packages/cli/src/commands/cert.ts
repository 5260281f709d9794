/** `holdfast cert`: a development authority and the certificates that it signs, as files. */
import type { Command } from 'commander';
import type { CertificatePaths, MadeCertificate } from '@holdfast/tls/development';
import { UsageError } from '../failure.ts';
import type { Environment } from '../environment.ts';
import { countOf } from '../with-client.ts';

const usualFolder = 'tls';
const usualDays = '365';
/** OpenSSL reads no year beyond 9999. */
const mostDays = 36_500;

interface MakeFlags {
  readonly folder: string;
  readonly days: string;
  readonly renew?: boolean;
}

interface NodeFlags extends MakeFlags {
  readonly host?: readonly string[];
}

export function addCertCommands(program: Command, at: () => Environment): void {
  const cert = program
    .command('cert')
    .description('Makes an authority and certificates for TLS, for development and tests.');
  addInit(cert, at);
  addNode(cert, at);
  addClient(cert, at);
}

function addInit(cert: Command, at: () => Environment): void {
  cert
    .command('init')
    .description('Makes an authority: ca.crt, which everybody has, and ca.key, which signs.')
    .option('--folder <path>', 'folder for its files', usualFolder)
    .option('--name <text>', 'its name, as people are shown it', 'Holdfast development')
    .addHelpText(
      'after',
      `
Whoever has ca.key can pretend to be any member and any client: keep it off the machines of the nodes.

Example: three nodes on three machines, which have the folder "tls" but not tls/ca.key
  holdfast cert init
  holdfast cert node node-1 node-2 node-3 --host a.example --host b.example --host c.example
  holdfast server --cluster-node-id node-1 --tls-certificate tls/node-1.crt --tls-key tls/node-1.key \\
    --tls-authority tls/ca.crt ...`,
    )
    .action(async ({ folder, name }: { readonly folder: string; readonly name: string }) => {
      const { makeAuthority } = await import('@holdfast/tls/development');
      tell(at(), [{ name: 'ca', ...(await asUsage(() => makeAuthority(folder, name))) }]);
    });
}

function addNode(cert: Command, at: () => Environment): void {
  makeOptions(
    cert
      .command('node')
      .description('Makes certificates of members: NODE-ID.crt and NODE-ID.key, one a member.')
      .argument('<node-id...>', 'their cluster.node_id')
      .option(
        '--host <name>',
        'name or address under which clients reach them; repeatable (default: localhost, 127.0.0.1 and ::1)',
        (one: string, before: readonly string[] | undefined) => [...(before ?? []), one],
      ),
  )
    .addHelpText(
      'after',
      `
Members know each other by the node id in the certificate, clients know them by the host that they were given.

Examples:
  holdfast cert node node-1 node-2 node-3
  holdfast cert node node-1 --host a.example --host 10.0.0.1 --renew`,
    )
    .action(async (ids: readonly string[], options: NodeFlags) => {
      const { makeNodeCertificate } = await import('@holdfast/tls/development');
      const hosts = options.host ?? ['localhost', '127.0.0.1', '::1'];
      const made: MadeCertificate[] = [];
      for (const id of ids)
        made.push(await asUsage(() => makeNodeCertificate(id, hosts, readOptions(options))));
      tell(at(), made);
    });
}

function addClient(cert: Command, at: () => Environment): void {
  makeOptions(
    cert
      .command('client')
      .description('Makes certificates of clients: NAME.crt and NAME.key, one a client.')
      .argument('<name...>', 'who they are: the common name of the certificate'),
  )
    .addHelpText(
      'after',
      `
Examples:
  holdfast cert client reports
  holdfast --ca tls/ca.crt --cert tls/reports.crt --key tls/reports.key status`,
    )
    .action(async (names: readonly string[], options: MakeFlags) => {
      const { makeClientCertificate } = await import('@holdfast/tls/development');
      const made: MadeCertificate[] = [];
      for (const name of names)
        made.push(await asUsage(() => makeClientCertificate(name, readOptions(options))));
      tell(at(), made);
    });
}

const makeOptions = (command: Command): Command =>
  command
    .option('--folder <path>', 'folder of the authority, and for the files', usualFolder)
    .option('--days <number>', 'days for which they are valid', usualDays)
    .option('--renew', 'replace those that are there');

/** @throws UsageError */
function readOptions({ folder, days, renew = false }: MakeFlags): {
  readonly folder: string;
  readonly days: number;
  readonly replace: boolean;
} {
  const count = countOf('--days', days);
  if (count > mostDays)
    throw new UsageError(`--days takes at most ${String(mostDays)}; given: "${days}".`);
  return { folder, days: count, replace: renew };
}

/** What cannot be made as it was asked for; the class is of a package that other commands do not read. */
async function asUsage<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'CertificateFolderError') throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

function tell(
  { output }: Environment,
  made: readonly (CertificatePaths & { readonly name: string })[],
): void {
  if (output.json) output.write(`${JSON.stringify({ certificates: made }, null, 2)}\n`);
  else for (const { certificate, key } of made) output.write(`${certificate}\n${key}  (secret)\n`);
}

/** TLS of a lease node, as its options give it, and what it may be reached by. */
import { accessSync, constants } from 'node:fs';
import type { Command } from 'commander';
import type { LeaseNodeTls } from '@holdfast/quorum';
import { isLoopback } from '@holdfast/tls';
import { UsageError } from '../failure.ts';

const handshakeTimeoutMs = 5000;

/** As the command line gives them. */
export interface NodeTlsOptions {
  readonly host: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsAuthority?: string;
  readonly tlsClientCertificates?: string;
  readonly tlsRevocations?: string;
  readonly tlsMinVersion?: string;
  readonly insecure?: true;
}

export const addNodeTls = (command: Command): Command =>
  command
    .option('--tls-cert <path>', 'certificate in PEM: clients and other nodes are served over TLS')
    .option('--tls-key <path>', 'its private key in PEM')
    .option(
      '--tls-authority <path>',
      'authorities in PEM whose certificates are accepted, of clients and of other nodes',
    )
    .option(
      '--tls-client-certificates <when>',
      'off, optional or required: whether clients show a certificate (default: required with --tls-authority, else off)',
    )
    .option('--tls-revocations <list>', 'revocation lists in PEM, a valid one of every authority')
    .option('--tls-min-version <version>', 'oldest version of TLS, 1.2 or 1.3 (default: 1.2)')
    .option(
      '--insecure',
      'lets other machines reach it without TLS and a key or certificate of clients, as everybody then can',
    );

/** @throws UsageError */
export function nodeTlsOf(options: NodeTlsOptions): LeaseNodeTls | undefined {
  const { tlsCert, tlsKey, tlsAuthority, tlsRevocations } = options;
  if (tlsCert === undefined && tlsKey === undefined) {
    for (const [option, value] of [
      ['--tls-authority', tlsAuthority],
      ['--tls-revocations', tlsRevocations],
      ['--tls-client-certificates', options.tlsClientCertificates],
      ['--tls-min-version', options.tlsMinVersion],
    ] as const)
      if (value !== undefined)
        throw new UsageError(`${option} says nothing without --tls-cert and --tls-key.`);
    return undefined;
  }
  if (tlsCert === undefined || tlsKey === undefined)
    throw new UsageError('--tls-cert and --tls-key go together: give both, or none.');
  const clientCertificates =
    options.tlsClientCertificates ?? (tlsAuthority === undefined ? 'off' : 'required');
  if (!isOneOf(clientCertificates, ['off', 'optional', 'required'] as const))
    throw new UsageError(
      `--tls-client-certificates takes off, optional or required; given: "${clientCertificates}".`,
    );
  if (clientCertificates !== 'off' && tlsAuthority === undefined)
    throw new UsageError('--tls-client-certificates needs --tls-authority: whose are accepted.');
  const lowestVersion = options.tlsMinVersion ?? '1.2';
  if (!isOneOf(lowestVersion, ['1.2', '1.3'] as const))
    throw new UsageError(`--tls-min-version takes 1.2 or 1.3; given: "${lowestVersion}".`);
  for (const [option, path] of [
    ['--tls-cert', tlsCert],
    ['--tls-key', tlsKey],
    ['--tls-authority', tlsAuthority],
    ...(tlsRevocations?.split(',') ?? []).map((list) => ['--tls-revocations', list] as const),
  ] as const)
    if (path !== undefined) refuseUnreadable(option, path);
  return {
    files: {
      certificate: tlsCert,
      key: tlsKey,
      authority: tlsAuthority ?? '',
      revocations: tlsRevocations?.split(',') ?? [],
    },
    clientCertificates,
    lowestVersion,
    handshakeTimeoutMs,
  };
}

/**
 * Whether other machines reach the node without TLS and authentication (EXPOSED-1 of the server).
 *
 * @param host Where it listens.
 * @throws UsageError where nobody has said that it may be so.
 */
export function isExposed(
  { insecure }: NodeTlsOptions,
  host: string,
  tls: LeaseNodeTls | undefined,
  hasKey: boolean,
): boolean {
  const proves = hasKey || tls?.clientCertificates === 'required';
  if (isLoopback(host) || (tls !== undefined && proves)) return false;
  if (insecure === true) return true;
  throw new UsageError(
    `--host ${host} is reached by other machines: it needs TLS (--tls-cert, --tls-key), and clients that prove who they are (--tls-authority, or a key in HOLDFAST_API_KEY), or --insecure, with which everybody who reaches it can do everything.`,
  );
}

function refuseUnreadable(option: string, path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option} cannot be read: ${reason}`, { cause: error });
  }
}

function isOneOf<T extends string>(value: string, choices: readonly T[]): value is T {
  return (choices as readonly string[]).includes(value);
}

/**
 * The certificates that a command shows and trusts: --ca, --cert and --key, else HOLDFAST_CA, HOLDFAST_CERT and
 * HOLDFAST_KEY. One command line asks with one set of them, whatever it asks.
 */
import { readFileSync } from 'node:fs';
import type { TlsOptions } from '@holdfast/client';
import { Option } from 'commander';
import type { Command } from 'commander';
import { UsageError } from './failure.ts';

/** As the command line gives them: paths. */
export interface CertificateFlags {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const names = ['ca', 'cert', 'key'] as const;
const variables = { ca: 'HOLDFAST_CA', cert: 'HOLDFAST_CERT', key: 'HOLDFAST_KEY' } as const;

export const certificateOptions = {
  ca: (): Option =>
    new Option('--ca <path>', `authorities that are trusted, in PEM [${variables.ca}]`),
  cert: (): Option =>
    new Option('--cert <path>', `certificate that is shown to nodes, in PEM [${variables.cert}]`),
  key: (): Option =>
    new Option('--key <path>', `key of that certificate, in PEM [${variables.key}]`),
} as const;

/** Those of these options that a command was given, where they are its own and not another option of that name. */
export function certificatesIn(command: Command): CertificateFlags {
  const found: { -readonly [Name in keyof CertificateFlags]: CertificateFlags[Name] } = {};
  for (const name of names) {
    const value: unknown = command.opts()[name];
    const isOwn = command.options.some(
      ({ long, description }) =>
        long === `--${name}` && description === certificateOptions[name]().description,
    );
    if (isOwn && typeof value === 'string') found[name] = value;
  }
  return found;
}

let given: CertificateFlags = {};

/** Called once a command line, before anything is asked. */
export function useCertificates(options: CertificateFlags): void {
  given = options;
}

/**
 * Read anew each time, so that a long command takes up files that were replaced. Undefined: those that the platform has.
 *
 * @throws UsageError naming the option or the variable.
 */
export function certificates(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): TlsOptions | undefined {
  const found: { -readonly [Name in keyof TlsOptions]: TlsOptions[Name] } = {};
  for (const name of names) {
    const path = given[name] ?? environment[variables[name]];
    if (path === undefined || path === '') continue;
    const origin = given[name] === undefined ? variables[name] : `--${name}`;
    try {
      found[name] = readFileSync(path, 'utf8');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(`${origin} cannot be read: ${reason}`, { cause: error });
    }
  }
  if ((found.cert === undefined) !== (found.key === undefined))
    throw new UsageError(
      `--cert and --key (${variables.cert} and ${variables.key}) go together: give both, or neither.`,
    );
  return Object.keys(found).length === 0 ? undefined : found;
}

/** For what is made once and asks often: see `certificates`. @throws UsageError where they cannot be read now. */
export function certificatesForConnections(): (() => TlsOptions) | undefined {
  return certificates() === undefined ? undefined : () => certificates() ?? {};
}

/** What shows the key of this command line. @throws UsageError where it cannot be used. */
export async function keyHeader(): Promise<string | undefined> {
  // Read where nodes are asked (START-1).
  const { apiKey } = await import('./api-key.ts');
  const key = apiKey();
  return key === undefined ? undefined : `Bearer ${key}`;
}

/**
 * `fetch`, with the certificates and the key of this command line.
 *
 * @param showsKey Not where it is not known who listens there, or where somebody else named the address.
 * @throws UsageError where they cannot be used; nobody was asked then.
 */
export async function askUrl(
  url: string,
  init: RequestInit = {},
  showsKey = true,
): Promise<Response> {
  const tls = certificates();
  const key = showsKey ? await keyHeader() : undefined;
  const headers = new Headers(init.headers);
  if (key !== undefined && !headers.has('authorization')) headers.set('authorization', key);
  if (tls === undefined) return fetch(url, { ...init, headers });
  // The client is read only where there are certificates: plain questions need none of it.
  const { fetchWith } = await import('@holdfast/client/parts');
  return fetchWith(tls)(url, { ...init, headers });
}

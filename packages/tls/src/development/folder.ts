/**
 * A folder with a development authority and what it has signed: `ca.crt`, `ca.key`, and `NAME.crt` with `NAME.key`
 * for each member and client.
 *
 * CERT-2: a key is its owner's alone from the first byte on (0600), and so is the folder that is made for it (0700).
 * CERT-3: nothing that is there is replaced unless somebody says so: a new authority would end the trust in
 *     everything that the former one has signed. Each file is replaced whole, so that a node that reads it meanwhile
 *     finds the former or the new one; where it finds one of each, it goes on with what it has.
 */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isIP } from 'node:net';
import { makeFolders, writePrivateFile } from '@holdfast/storage/files';
import { Authority } from './authority.ts';
import type { KeyPair } from './authority.ts';

const authorityName = 'ca';
const authorityDays = 3650;
export const defaultDays = 365;

/** What was asked for cannot be made; the message says why and what to do. */
export class CertificateFolderError extends Error {
  override readonly name: string = 'CertificateFolderError';
}

/** Where the two files of a certificate are. */
export interface CertificatePaths {
  readonly certificate: string;
  readonly key: string;
}

export interface MadeCertificate extends CertificatePaths {
  readonly name: string;
}

export interface MakeOptions {
  readonly folder: string;
  readonly days?: number;
  /** Files of that name may be replaced (CERT-3). */
  readonly replace?: boolean;
}

export const pathsIn = (folder: string, name: string): CertificatePaths => ({
  certificate: join(folder, `${name}.crt`),
  key: join(folder, `${name}.key`),
});

/** Where the certificate of the authority is. */
export const authorityIn = (folder: string): string => pathsIn(folder, authorityName).certificate;

/** @throws CertificateFolderError where there is one already; DiskError */
export async function makeAuthority(folder: string, name: string): Promise<CertificatePaths> {
  const paths = pathsIn(folder, authorityName);
  for (const path of [paths.certificate, paths.key])
    if (existsSync(path))
      throw new CertificateFolderError(
        `There is an authority in ${folder} already (${path}): what it has signed would be trusted no longer. Choose another folder.`,
      );
  makeFolders(folder);
  const { pair } = await Authority.create({ name, days: authorityDays });
  return write(paths, pair);
}

/** @throws CertificateFolderError, DiskError */
export async function makeNodeCertificate(
  name: string,
  hosts: readonly string[],
  options: MakeOptions,
): Promise<MadeCertificate> {
  const wrong = hosts.find((host) => isIP(host) === 0 && !/^[A-Za-z0-9._-]{1,253}$/.test(host));
  if (wrong !== undefined)
    throw new CertificateFolderError(
      `"${wrong}" is no name of a host and no address: write it without a port, an IPv6 address without brackets.`,
    );
  const { days = defaultDays } = options;
  return make(name, options, (authority) => authority.node({ name, hosts, days }));
}

/** @throws CertificateFolderError, DiskError */
export function makeClientCertificate(
  name: string,
  options: MakeOptions,
): Promise<MadeCertificate> {
  const { days = defaultDays } = options;
  return make(name, options, (authority) => authority.client({ name, days }));
}

async function make(
  name: string,
  { folder, replace = false }: MakeOptions,
  issue: (authority: Authority) => Promise<KeyPair>,
): Promise<MadeCertificate> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name) || name === authorityName || /^\.+$/.test(name))
    throw new CertificateFolderError(
      `A certificate is named by 1 to 64 letters, digits, ".", "_" or "-", and not "${authorityName}"; given: "${name}".`,
    );
  const paths = pathsIn(folder, name);
  for (const path of [paths.certificate, paths.key])
    if (existsSync(path) && !replace)
      throw new CertificateFolderError(
        `${path} is there already. Add --renew to replace it; nodes that use it read the new one by themselves.`,
      );
  const pair = await issue(await readAuthority(folder));
  return { name, ...write(paths, pair) };
}

async function readAuthority(folder: string): Promise<Authority> {
  const { certificate, key } = pathsIn(folder, authorityName);
  if (!existsSync(certificate) || !existsSync(key))
    throw new CertificateFolderError(
      `There is no authority in ${folder}: make one with "holdfast cert init --folder ${folder}".`,
    );
  try {
    return await Authority.of({
      certificate: readFileSync(certificate, 'utf8'),
      key: readFileSync(key, 'utf8'),
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CertificateFolderError(`${certificate} and ${key} cannot be used: ${reason}.`, {
      cause: error,
    });
  }
}

/** CERT-2, CERT-3. The key first: with a certificate there is always one. */
function write(paths: CertificatePaths, pair: KeyPair): CertificatePaths {
  replaceFile(paths.key, pair.key);
  replaceFile(paths.certificate, pair.certificate);
  return paths;
}

function replaceFile(path: string, text: string): void {
  const unfinished = `${path}.new`;
  // One that is left over may have other modes.
  rmSync(unfinished, { force: true });
  writePrivateFile(unfinished, text);
  renameSync(unfinished, path);
}

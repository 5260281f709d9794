/** Who can get at a node beside those who are meant to: other machines by its ports, other users of this one by its key files. */
import { stat } from 'node:fs/promises';
import type { Configuration } from '@holdfast/server';
import { isLoopback } from '@holdfast/tls';
import { isAuthenticationOn } from './ask.ts';
import type { Asking } from './ask.ts';
import { warning } from './finding.ts';
import type { Finding } from './finding.ts';

type Examined = Pick<
  Configuration,
  'exposed' | 'httpHost' | 'metricsListen' | 'tls' | 'queueRedis' | 'requiresAuthentication'
> & { readonly grpc: { readonly host: string } | null };

/** Of others anything, of its group to write: a service's key may be of root, and read by the group of the service. */
const tooMuch = 0o027;

/** @param url Of this node, from its own machine. */
export async function examineSecurity(
  configuration: Examined,
  url: string,
  asking: Asking,
): Promise<readonly Finding[]> {
  const { exposed } = configuration;
  const findings = exposed.map((setting) =>
    warning(
      'security',
      `${setting}: everybody who reaches it can do everything`,
      'Give the node certificates: see docs/security.md.',
    ),
  );
  const open =
    exposed.length > 0 ? undefined : await judgeAuthentication(configuration, url, asking);
  return [
    ...findings,
    ...(open === undefined ? [] : [open]),
    ...(await examineKeyFiles(configuration)),
  ];
}

/** Certificates tell who somebody is; what somebody may do is told by authentication alone. */
async function judgeAuthentication(
  { httpHost, grpc, metricsListen, requiresAuthentication }: Examined,
  url: string,
  asking: Asking,
): Promise<Finding | undefined> {
  const hosts = [httpHost, grpc?.host, metricsListen?.host];
  if (hosts.every((host) => host === undefined || isLoopback(host))) return undefined;
  if ((await isAuthenticationOn(url, asking)) !== false) return undefined;
  const who = requiresAuthentication
    ? 'it answers nobody but its own machine'
    : 'everybody with a certificate of its authority can do everything';
  return warning(
    'security',
    `authentication is off, and other machines reach this node: ${who}`,
    'Turn it on: holdfast auth enable. See docs/security.md.',
  );
}

async function examineKeyFiles({ tls, queueRedis }: Examined): Promise<readonly Finding[]> {
  const named = [tls?.files.key, tls?.peerFiles.key, queueRedis?.files?.key];
  const paths = new Set(named.flatMap((path) => (path === undefined || path === '' ? [] : [path])));
  const findings: Finding[] = [];
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined); // What is not there is told by examineCertificates.
    if (found === undefined || (found.mode & tooMuch) === 0) continue;
    findings.push(
      warning(
        'security',
        `others can use the private key ${path} (mode ${(found.mode & 0o777).toString(8)})`,
        `chmod 0600 ${path}, as the user of the node, or 0640 where it is of root and that user is in its group. Make another one where somebody may have read it: see docs/runbooks/expired-certificates.md.`,
      ),
    );
  }
  return findings;
}

/** The certificates that a configuration names. */
import { X509Certificate } from 'node:crypto';
import type { Configuration } from '@holdfast/server';
import { Certificates, OutgoingCertificates } from '@holdfast/tls';
import { fine, reasonOf, warning, wrong } from './finding.ts';
import type { Finding } from './finding.ts';

const soonMs = 14 * 86_400_000;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function examineCertificates(
  configuration: Pick<Configuration, 'tls' | 'nodeId' | 'peerListen' | 'queueRedis'>,
  nowMs: number,
): Promise<readonly Finding[]> {
  const { tls, nodeId, peerListen } = configuration;
  const findings: Finding[] = [...(await ofRedis(configuration, nowMs))];
  if (tls === null) return findings;
  const isShared = tls.files.certificate === tls.peerFiles.certificate;
  const pairs = [
    [isShared && peerListen !== null ? 'clients and members' : 'clients', tls.files],
    ...(isShared || peerListen === null ? [] : ([['members', tls.peerFiles]] as const)),
  ] as const;
  for (const [use, files] of pairs) {
    try {
      const opened = await Certificates.open({ files, log: quiet });
      opened.close();
      const { certificate, endsAtMs } = opened.current;
      findings.push(judgeEnd(use, files.certificate, endsAtMs, nowMs));
      // spread: one finding at most
      if (use !== 'clients') findings.push(...judgeMember(certificate, files.certificate, nodeId));
    } catch (error) {
      findings.push(
        wrong(
          'certificates',
          reasonOf(error),
          'See docs/security.md for what a certificate has to say.',
        ),
      );
    }
  }
  return findings;
}

/** What the Redis of queues is shown, and whose certificate of it counts. */
async function ofRedis(
  { queueRedis }: Pick<Configuration, 'queueRedis'>,
  nowMs: number,
): Promise<readonly Finding[]> {
  const files = queueRedis?.files;
  if (files === undefined || files === null) return [];
  const use = 'the Redis of queues';
  try {
    const { current } = await OutgoingCertificates.open({ files, log: quiet, use });
    const { cert } = current;
    if (!Buffer.isBuffer(cert))
      return [fine('certificates', `the authorities for ${use} are read`)];
    return [
      judgeEnd(use, files.certificate, new X509Certificate(cert).validToDate.getTime(), nowMs),
    ];
  } catch (error) {
    return [wrong('certificates', reasonOf(error), 'See docs/primitives/queues.md.')];
  }
}

function judgeEnd(use: string, file: string, endsAtMs: number, nowMs: number): Finding {
  const days = Math.floor((endsAtMs - nowMs) / 86_400_000);
  const renew = `Renew ${file}; a node reads it again by itself. See docs/runbooks/expired-certificates.md.`;
  if (endsAtMs <= nowMs)
    return wrong('certificates', `the certificate for ${use} has ended`, renew);
  const said = `the certificate for ${use} ends in ${String(days)} days`;
  return endsAtMs - nowMs < soonMs
    ? warning('certificates', said, renew)
    : fine('certificates', said);
}

/** As the other members will judge it. */
function judgeMember(pem: Buffer, file: string, nodeId: string): readonly Finding[] {
  const { subjectAltName = '' } = new X509Certificate(pem);
  if (subjectAltName.split(', ').includes(`DNS:${nodeId}`)) return [];
  return [
    wrong(
      'certificates',
      `${file} does not name this member: "${nodeId}" is none of its DNS names (${subjectAltName})`,
      `Make one for it: holdfast cert node ${nodeId}`,
    ),
  ];
}

/** What the settings of TLS say together. */
import type { CertificateFiles, ClientCertificates, LowestVersion } from '@holdfast/tls';

export interface TlsConfiguration {
  readonly files: CertificateFiles;
  readonly peerFiles: CertificateFiles;
  readonly clientCertificates: ClientCertificates;
  readonly lowestVersion: LowestVersion;
  readonly handshakeTimeoutMs: number;
}

/** Each was checked by its schema; the casts only name its type. Null: no TLS. */
export function readTls(value: (key: string) => unknown): TlsConfiguration | null {
  const text = (key: string): string => value(`tls.${key}`) as string;
  const list = (key: string): readonly string[] => value(`tls.${key}`) as readonly string[];
  if (text('certificate') === '') return null;
  const files = {
    certificate: text('certificate'),
    key: text('key'),
    authority: text('authority'),
    revocations: list('revocations'),
  };
  const ownPair = text('peer_certificate') === '';
  const ownAuthority = text('peer_authority') === '';
  return {
    files,
    peerFiles: {
      certificate: ownPair ? files.certificate : text('peer_certificate'),
      key: ownPair ? files.key : text('peer_key'),
      authority: ownAuthority ? files.authority : text('peer_authority'),
      revocations: ownAuthority ? files.revocations : list('peer_revocations'),
    },
    clientCertificates: text('client_certificates') as ClientCertificates,
    lowestVersion: text('min_version') as LowestVersion,
    handshakeTimeoutMs: value('tls.handshake_timeout_ms') as number,
  };
}

/** What cannot be meant together: settings that say nothing where others are missing. */
export function tlsContradictions(value: (key: string) => unknown): readonly string[] {
  const isSet = (key: string): boolean => {
    const given = value(`tls.${key}`);
    return Array.isArray(given) ? given.length > 0 : given !== '';
  };
  const problems: string[] = [];
  const needs = (one: string, other: string, why: string): void => {
    if (isSet(one) && !isSet(other))
      problems.push(`tls.${one} is set, so tls.${other} must be: ${why}`);
  };
  needs('certificate', 'key', 'the key of that certificate');
  for (const one of ['key', 'authority', 'revocations', 'peer_certificate', 'peer_authority'])
    needs(one, 'certificate', 'without it there is no TLS');
  needs('peer_certificate', 'peer_key', 'the key of that certificate');
  needs('peer_key', 'peer_certificate', 'the certificate of that key');
  needs('peer_revocations', 'peer_authority', 'else tls.revocations are those of members, too');
  if (isSet('certificate') && !isSet('authority')) {
    if (value('tls.client_certificates') !== 'off')
      problems.push(
        'tls.certificate is set, so tls.authority must say whose certificates of clients are accepted, or tls.client_certificates must be off',
      );
    else if (value('cluster.listen') !== null && !isSet('peer_authority'))
      problems.push(
        'tls.certificate and cluster.listen are set, so tls.authority or tls.peer_authority must say whose certificates of members are accepted',
      );
  }
  return problems;
}

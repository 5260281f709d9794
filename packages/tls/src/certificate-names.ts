/** What a certificate says of its holder, for those who map that to an identity. */
import type { PeerCertificate } from 'node:tls';
import { namesIn } from './names.ts';

export interface CertificateName {
  readonly field: 'dns' | 'uri' | 'email' | 'common_name';
  readonly value: string;
}

const fields: Readonly<Record<string, CertificateName['field']>> = {
  DNS: 'dns',
  URI: 'uri',
  email: 'email',
};

/** In the order in which they are looked up. Of several common names none counts: which one would it be? */
export function certificateNames(
  certificate: Pick<PeerCertificate, 'subjectaltname'> & { readonly subject?: unknown },
): readonly CertificateName[] {
  const alternative = namesIn(certificate.subjectaltname).flatMap(({ type, value }) => {
    const field = fields[type];
    return field === undefined ? [] : [{ field, value }];
  });
  const { subject } = certificate;
  const commonName: unknown =
    typeof subject === 'object' && subject !== null && 'CN' in subject ? subject.CN : undefined;
  return typeof commonName === 'string'
    ? [...alternative, { field: 'common_name', value: commonName }]
    : alternative;
}

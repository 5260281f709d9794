/** What a client of the benchmark shows to a cluster with TLS and authentication. */
import { readFileSync } from 'node:fs';
import type { connect } from '@holdfast/client';
import type { LoadSecurity } from './plan.ts';

type Shown = Pick<Parameters<typeof connect>[0] & object, 'tls' | 'apiKey'>;

export function securedBy(security: LoadSecurity | undefined): Shown {
  if (security === undefined) return {};
  const { authority, certificate, key, apiKey } = security;
  const tls = {
    ca: readFileSync(authority, 'utf8'),
    cert: readFileSync(certificate, 'utf8'),
    key: readFileSync(key, 'utf8'),
  };
  return apiKey === undefined ? { tls } : { tls, apiKey };
}

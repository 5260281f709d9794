/**
 * What of a node can be reached from other machines, and by whom.
 *
 * EXPOSED-1: an address that other machines can reach is served over TLS to callers who prove who they are, or because
 *     somebody says that it need not be. Nothing is reached from elsewhere by a default, or by an oversight.
 */
import type { HostPort } from '@holdfast/protocol';
import { isLoopback } from '@holdfast/tls';
import type { TlsConfiguration } from './tls.ts';

export interface Exposable {
  readonly httpHost: string;
  readonly grpc: { readonly host: string } | null;
  readonly peerListen: HostPort | null;
  readonly metricsListen: HostPort | null;
  readonly tls: TlsConfiguration | null;
  /** `security.authentication: required`: until it is on in the cluster, nobody but this machine is answered (DENY-3 of the api). */
  readonly requiresAuthentication: boolean;
}

/** The settings under which others reach this node without TLS and authentication (EXPOSED-1), as `http.host is ::`. */
export function exposed({
  httpHost,
  grpc,
  peerListen,
  metricsListen,
  tls,
  requiresAuthentication,
}: Exposable): readonly string[] {
  const found: string[] = [];
  const add = (setting: string, host: string): void => {
    if (!isLoopback(host)) found.push(`${setting} is ${host}`);
  };
  // A key proves who somebody is as a certificate does, but only where nobody else can read it: over TLS.
  const isProven =
    tls !== null && (tls.clientCertificates === 'required' || requiresAuthentication);
  if (!isProven) {
    add('http.host', httpHost);
    if (grpc !== null) add('grpc.host', grpc.host);
    if (metricsListen !== null) add('metrics.listen', metricsListen.host);
  }
  // Members always prove to each other who they are where there is TLS.
  if (tls === null && peerListen !== null) add('cluster.listen', peerListen.host);
  return found;
}

export const exposureProblem = (found: readonly string[], hasTls: boolean): string =>
  `${found.join(', ')}: other machines reach that. ` +
  (hasTls
    ? 'Clients have to prove who they are (security.authentication: required, or tls.client_certificates: required)'
    : 'It needs TLS (tls.certificate, tls.key, tls.authority; "holdfast cert" makes them for tests)') +
  ', or --insecure (security.insecure: true), with which everybody who reaches it can do everything';

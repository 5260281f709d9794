/** TLS of a local cluster: an authority of its own in the cluster's folder, and certificates of its nodes and of one client. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { CertificatePaths } from '@holdfast/tls/development';

export interface LocalSecurity {
  /** Where the certificate of the authority is. */
  readonly authority: string;
  /** The certificate of a client that all nodes take. */
  readonly client: CertificatePaths;
  /** Settings of a node, as environment variables. */
  environmentOf(nodeId: string): Readonly<Record<string, string>>;
  /** What a node answers to this client. */
  ask(url: string, timeoutMs: number, apiKey?: string): Promise<unknown>;
}

/** Makes what is not there yet. */
export async function localSecurity(
  clusterFolder: string,
  nodeIds: readonly string[],
  host: string,
): Promise<LocalSecurity> {
  const made = await import('@holdfast/tls/development');
  const folder = join(clusterFolder, 'tls');
  const authority = made.authorityIn(folder);
  if (!existsSync(authority)) await made.makeAuthority(folder, 'Holdfast local cluster');
  const hosts = [...new Set([host, 'localhost', '127.0.0.1', '::1'])];
  for (const id of nodeIds)
    // The host may be another one than at the last start.
    await made.makeNodeCertificate(id, hosts, { folder, replace: true });
  const client = made.pathsIn(folder, 'client');
  if (!existsSync(client.certificate) || !existsSync(client.key))
    await made.makeClientCertificate('client', { folder, replace: true });
  const agent = new Agent({
    rejectUnauthorized: true,
    ca: readFileSync(authority),
    cert: readFileSync(client.certificate),
    key: readFileSync(client.key),
  });
  return {
    authority,
    client,
    environmentOf(nodeId) {
      const { certificate, key } = made.pathsIn(folder, nodeId);
      return {
        HOLDFAST_TLS_CERTIFICATE: certificate,
        HOLDFAST_TLS_KEY: key,
        HOLDFAST_TLS_AUTHORITY: authority,
      };
    },
    async ask(url, timeoutMs, apiKey) {
      const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
      const asked = get(url, { agent, headers, signal: AbortSignal.timeout(timeoutMs) });
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      return JSON.parse(await text(answer)) as unknown;
    },
  };
}

/** TLS of one node: its certificates, and what they secure. */
import { Certificates, MemberSockets, ServerSecurity } from '@holdfast/tls';
import type { TlsLog } from '@holdfast/tls';
import type { TlsConfiguration } from './configuration/tls.ts';

export interface NodeSecurity {
  /** Of HTTP, client streams and gRPC. */
  readonly clients: ServerSecurity;
  /** Of the connections between members. */
  readonly peers: MemberSockets;
  /** When the certificates end that clients and members are shown, as Unix time. */
  readonly certificateEndsMs: () => Readonly<Record<'clients' | 'members', number>>;
  /** Reads all files again now. */
  reload(): Promise<void>;
  close(): void;
}

/** @throws CertificateError */
export async function openSecurity(tls: TlsConfiguration, log: TlsLog): Promise<NodeSecurity> {
  const { clientCertificates, lowestVersion, handshakeTimeoutMs } = tls;
  const own = await Certificates.open({ files: tls.files, log });
  let ofPeers: Certificates;
  try {
    ofPeers = await Certificates.open({ files: tls.peerFiles, log });
  } catch (error) {
    own.close();
    throw error;
  }
  const settings = { lowestVersion, handshakeTimeoutMs, log };
  return {
    clients: new ServerSecurity({ ...settings, clientCertificates, certificates: own }),
    peers: new MemberSockets({ ...settings, certificates: ofPeers }),
    certificateEndsMs: () => ({
      clients: own.current.endsAtMs,
      members: ofPeers.current.endsAtMs,
    }),
    async reload() {
      await Promise.all([own.reload(), ofPeers.reload()]);
    },
    close() {
      own.close();
      ofPeers.close();
    },
  };
}

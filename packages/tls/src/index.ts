export { Certificates } from './certificates.ts';
export type { CertificatesOptions, TlsLog } from './certificates.ts';
export { certificateNames } from './certificate-names.ts';
export type { CertificateName } from './certificate-names.ts';
export { Connections } from './connections.ts';
export type { ConnectionsOptions } from './connections.ts';
export { secureServer } from './http-server.ts';
export { isLoopback } from './loopback.ts';
export { OutgoingCertificates } from './outgoing-certificates.ts';
export { fetchWith } from './outgoing-requests.ts';
export type { Fetch } from './outgoing-requests.ts';
export { CertificateError } from './material.ts';
export type { CertificateFiles, Material } from './material.ts';
export { MemberSockets } from './member-sockets.ts';
export type { MemberListener } from './member-sockets.ts';
export { dnsNamesIn } from './names.ts';
export { isThisMachine, OwnHosts } from './own-hosts.ts';
export { foreignOrigin } from './own-origin.ts';
export { networkOf } from './network.ts';
export { answerAndClose } from './last-answer.ts';
export { ServerSecurity } from './server-security.ts';
export type {
  ClientCertificates,
  LowestVersion,
  RefusedConnection,
  ServerSecurityOptions,
} from './server-security.ts';

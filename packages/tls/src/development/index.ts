/** A development authority: read only by who makes certificates, since its library is large. */
export { Authority } from './authority.ts';
export type {
  CertificateOptions,
  ClientCertificateOptions,
  KeyPair,
  NodeCertificateOptions,
} from './authority.ts';
export {
  authorityIn,
  CertificateFolderError,
  defaultDays,
  makeAuthority,
  makeClientCertificate,
  makeNodeCertificate,
  pathsIn,
} from './folder.ts';
export type { CertificatePaths, MadeCertificate, MakeOptions } from './folder.ts';

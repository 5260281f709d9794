/** The settings of TLS, and of what may be reached from other machines. */
import { z } from 'zod';
import type { Setting } from './setting.ts';

const path = z.string().max(4096);
const paths = z.array(z.string().min(1).max(4096)).max(16);

export const tlsSettings: readonly Setting[] = [
  {
    key: 'tls.certificate',
    schema: path,
    default: '',
    description:
      'PEM file with the certificate of this node, those between it and its authority behind it. With it, HTTP, ' +
      'client streams, gRPC and members speak TLS alone. Read again when it changes, and on SIGHUP, as all of these files.',
  },
  {
    key: 'tls.key',
    schema: path,
    default: '',
    description: 'PEM file with the key of that certificate.',
  },
  {
    key: 'tls.authority',
    schema: path,
    default: '',
    description:
      'PEM file with the authorities whose certificates are accepted, of clients and of members.',
  },
  {
    key: 'tls.client_certificates',
    schema: z.enum(['off', 'optional', 'required']),
    default: 'required',
    description:
      'Whether clients show a certificate. One that is shown has to hold, unless this is off. Members always show one.',
  },
  {
    key: 'tls.revocations',
    schema: paths,
    default: [],
    description:
      'PEM files with revocation lists, a valid one of every authority. With them, a certificate whose authority has none is refused.',
  },
  {
    key: 'tls.min_version',
    schema: z.enum(['1.2', '1.3']),
    default: '1.2',
    description: 'Oldest version of TLS.',
  },
  {
    key: 'tls.handshake_timeout_ms',
    schema: z.int().min(100).max(60_000),
    default: 5000,
    description: 'Ms after which a connection is closed whose handshake is not over.',
  },
  {
    key: 'tls.peer_certificate',
    schema: path,
    default: '',
    description:
      'As tls.certificate, for the connections between members alone. Empty: the same one. It names the node id as a DNS name, ' +
      'and is for both uses, server and client.',
  },
  {
    key: 'tls.peer_key',
    schema: path,
    default: '',
    description: 'PEM file with the key of tls.peer_certificate.',
  },
  {
    key: 'tls.peer_authority',
    schema: path,
    default: '',
    description: 'As tls.authority, for members alone. Empty: the same ones.',
  },
  {
    key: 'tls.peer_revocations',
    schema: paths,
    default: [],
    description: 'As tls.revocations, for members alone, where tls.peer_authority is set.',
  },
  {
    key: 'security.authentication',
    schema: z.enum(['optional', 'required']),
    default: 'optional',
    description:
      'required: until authentication is on in the cluster ("holdfast auth enable"), this node answers nobody but its own machine. ' +
      'With TLS, clients may then reach it from other machines with keys alone.',
  },
  {
    key: 'security.insecure',
    schema: z.boolean(),
    default: false,
    flag: 'insecure',
    description:
      'Lets this node be reached from other machines without TLS and authentication: by everybody who reaches its address. ' +
      'Without it such an address is refused.',
  },
];

/** Whose identity a certificate proves. */
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import { list, object, string, text, words } from '../schema.ts';
import type { Enumeration, MessageFields } from '../schema.ts';
import { changed, identity, nextAfter, operate, paged } from './auth-fields.ts';

const certificateFields: Enumeration = {
  name: 'CertificateField',
  description: 'What of a certificate is looked at.',
  unspecified: 'Rejected: a field must be given.',
  values: {
    dns: [1, 'A DNS name of the subject alternative names.'],
    uri: [2, 'A URI of the subject alternative names.'],
    email: [3, 'An e-mail address of the subject alternative names.'],
    common_name: [4, 'The common name of the subject.'],
  },
};

const certificateKey: MessageFields = {
  field: [1, words(certificateFields, 'What of the certificate is looked at.')],
  value: [2, text(1, 512, 'What it says, letter for letter.')],
};

const mapCertificate: UnaryOperation = changing('never', {
  name: 'auth_map_certificate',
  request: request('MapCertificate', 'MapCertificateBody', {
    ...certificateKey,
    identity: [3, identity],
  }),
  answer: changed,
  errors: [],
  access: operate,
  http: [post('/auth/certificates', 'Say whose identity a certificate proves.')],
  grpc: { method: 'MapCertificate', comment: 'Says whose identity a certificate proves.' },
});

const unmapCertificate: UnaryOperation = changing('always', {
  name: 'auth_unmap_certificate',
  request: request('UnmapCertificate', 'UnmapCertificateBody', certificateKey),
  answer: changed,
  errors: ['no_administrator'],
  access: operate,
  http: [post('/auth/certificates/unmap', 'A certificate proves no identity any more.')],
  grpc: { method: 'UnmapCertificate', comment: 'Ends what MapCertificate has said.' },
});

const listCertificates: UnaryOperation = reading({
  name: 'auth_list_certificates',
  request: request('ListCertificates', 'ListCertificatesBody', { ...paged }),
  answer: answer('ListCertificates', 'ListCertificatesAnswer', {
    certificates: [
      1,
      list(
        object({
          typeName: 'CertificateRow',
          protoName: 'CertificateRow',
          description: 'What a certificate says of its holder, and whose identity that proves.',
          fields: {
            field: [1, words(certificateFields, 'What of the certificate is looked at.')],
            value: [2, string('What it says.')],
            identity: [3, string('The identity.')],
          },
        }),
        'In the order of their fields and values.',
      ),
    ],
    next_after: [2, nextAfter],
  }),
  errors: [],
  access: operate,
  http: [get('/auth/certificates', 'List what certificates prove.')],
  grpc: { method: 'ListCertificates', comment: 'Lists what certificates prove, by pages.' },
});

export const certificateOperations: readonly UnaryOperation[] = [
  mapCertificate,
  unmapCertificate,
  listCertificates,
];

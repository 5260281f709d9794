/** Keys: what proves an identity. */
import { wallClockSeconds } from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import {
  described,
  example,
  list,
  nullable,
  object,
  optional,
  patterned,
  string,
  uint32,
} from '../schema.ts';
import type { Message, Schema } from '../schema.ts';
import { changed, identity, nextAfter, operate, paged, role } from './auth-fields.ts';

const keyId = example(
  patterned(32, '^[a-z0-9]+$', 'Id of a key: the part of it that is no secret.'),
  'k3f9a1c27b5d0e846',
);
const toldKey = example(
  string('The key. It is told this once, and is kept nowhere.'),
  'hf_k3f9a1c27b5d0e846_…',
);
const seconds = (description: string): Schema => uint32(1, 315_360_000, description);

const keyMade: Message = {
  typeName: 'KeyMadeAnswer',
  protoName: 'KeyMade',
  description: 'A new key.',
  fields: {
    key_id: [1, string('Id of the key.')],
    key: [2, toldKey],
    identity: [3, string('The identity that it proves.')],
  },
};
const expires = optional(seconds('It ends so many seconds from now; never when absent.'));

const createKey: UnaryOperation = changing('never', {
  name: 'auth_create_key',
  request: request('CreateKey', 'CreateKeyBody', {
    identity: [1, described(identity, 'The identity that it proves.')],
    roles: [2, optional(list(role, 'Roles that the identity is given as well.', 0, 16))],
    expires_in_seconds: [3, expires],
  }),
  answer: keyMade,
  errors: ['role_not_found'],
  access: operate,
  http: [post('/auth/keys', 'Make a key of an identity. It is told once.')],
  grpc: { method: 'CreateKey', comment: 'Makes a key of an identity; it is told once.' },
});

const rotateKey: UnaryOperation = changing('never', {
  name: 'auth_rotate_key',
  request: request('RotateKey', 'RotateKeyBody', {
    key_id: [1, keyId],
    grace_seconds: [
      2,
      optional(seconds('The old key is valid for so long; it ends at once when absent.')),
    ],
    expires_in_seconds: [3, expires],
  }),
  answer: keyMade,
  errors: ['key_not_found'],
  access: operate,
  http: [
    post('/auth/keys/{key_id}/rotate', 'Make another key of the same identity, and end this one.'),
  ],
  grpc: { method: 'RotateKey', comment: 'Makes another key of the same identity.' },
});

const revokeKey: UnaryOperation = changing('always', {
  name: 'auth_revoke_key',
  request: request('RevokeKey', 'RevokeKeyBody', { key_id: [1, keyId] }),
  answer: changed,
  errors: ['key_not_found', 'no_administrator'],
  access: operate,
  http: [remove('/auth/keys/{key_id}', 'Revoke a key: what it has open ends.')],
  grpc: { method: 'RevokeKey', comment: 'Revokes a key.' },
});

const keyRow: Message = {
  typeName: 'KeyRow',
  protoName: 'KeyRow',
  description: 'A key, without its secret.',
  fields: {
    key_id: [1, string('Id of the key.')],
    identity: [2, string('The identity that it proves.')],
    created_at: [3, wallClockSeconds],
    expires_at: [4, nullable(wallClockSeconds, 'When it ends; null: never.')],
    last_used_at: [
      5,
      nullable(
        wallClockSeconds,
        'When it was used last, to some minutes; null: it was not, or that is not known yet.',
      ),
    ],
  },
};

const listKeys: UnaryOperation = reading({
  name: 'auth_list_keys',
  request: request('ListKeys', 'ListKeysBody', { ...paged }),
  answer: answer('ListKeys', 'ListKeysAnswer', {
    keys: [1, list(object(keyRow), 'In the order of their ids.')],
    next_after: [2, nextAfter],
  }),
  errors: [],
  access: operate,
  http: [get('/auth/keys', 'List keys.')],
  grpc: { method: 'ListKeys', comment: 'Lists keys, by pages.' },
});

export const keyOperations: readonly UnaryOperation[] = [createKey, rotateKey, revokeKey, listKeys];

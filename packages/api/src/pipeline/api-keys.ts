/**
 * Keys as their holders have them: `hf_<id>_<secret>`.
 *
 * API-KEY-1: a secret has 256 random bits, so that its plain hash gives nothing away: no slow hash is needed, and none is
 *     on the way of a request. It is told once, and is kept nowhere; what is kept is compared in constant time.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface KeyText {
  readonly id: string;
  readonly secret: string;
}

/** A new key: its text for its holder, its id and hash for the cluster. */
export function newKey(): { readonly text: string; readonly id: string; readonly hash: string } {
  const id = `k${randomBytes(8).toString('hex')}`;
  const secret = randomBytes(32).toString('base64url'); // API-KEY-1
  return { text: `hf_${id}_${secret}`, id, hash: hashOf(secret) };
}

/** Of the keys that `holdfast auth recover` makes: one for each, and nobody else's. */
export const recoveryIdentity = (keyId: string): string => `recovery-${keyId}`;

export const isOfRecovery = (identity: string): boolean => /^recovery(?:-|$)/.test(identity);

const form = /^hf_([a-z0-9]{1,32})_([A-Za-z0-9_-]{43})$/;

/** Undefined: it is none. */
export function readKey(text: string): KeyText | undefined {
  const [, id, secret] = form.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export const hashOf = (secret: string): string => hash('sha256', secret, 'hex');

/** Of a key that is not known: as much work as for one that is. */
const nobodys = '0'.repeat(64);

/** API-KEY-1. */
export function isSecretOf(secret: string, kept: string | undefined): boolean {
  const given = Buffer.from(hashOf(secret), 'hex');
  const isEqual = timingSafeEqual(given, Buffer.from(kept ?? nobodys, 'hex'));
  return isEqual && kept !== undefined;
}

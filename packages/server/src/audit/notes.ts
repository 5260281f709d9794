/**
 * Signed checkpoints: how far a chain had come, in a form that an outsider can keep and check without this program: a
 * signed note (C2SP signed-note) with Ed25519, whose text has the lines of a checkpoint: origin, size, hash.
 *
 * NOTE-1: whoever keeps a note finds out by it that the chain was shortened or rewritten since. The hash is that of the last record of
 *     the chain; it is no tree, so that there are no proofs of single records.
 * NOTE-2: a key has its name once all of it is durable, and the folder is: a crash leaves none or a whole one, which notes may have been
 *     signed by. One that cannot be read is refused and
 *     never replaced.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileDisk } from '@holdfast/storage/parts';
import type { FolderDisk } from './chain-file.ts';
import type { ChainEnd } from './lines.ts';

const keyFile = 'checkpoint-key.pem';
const ed25519Type = 1;
const privateMode = 0o600;
/** In front of the 32 bytes of a public key in SPKI. */
const spkiHeadLength = 12;
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex');

export interface Signer {
  /** For whoever checks notes: the name, a hash and the public key. */
  readonly verifierKey: string;
  sign(origin: string, end: ChainEnd): string;
}

const rawKey = (key: KeyObject): Buffer =>
  key.export({ type: 'spki', format: 'der' }).subarray(spkiHeadLength);

function keyHash(name: string, raw: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ed25519Type), raw]);
  return createHash('sha256').update(typed).digest().subarray(0, 4);
}

/**
 * The key of this node, which is made where there is none.
 *
 * @param name Of the node, without spaces or `+`.
 * @throws Error where the file is none of a key.
 */
export async function openSigner(
  folder: string,
  name: string,
  disk: FolderDisk = fileDisk,
): Promise<Signer> {
  const path = join(folder, keyFile);
  let found = await textOf(path);
  if (found === undefined) {
    await disk.makeFolder(folder); // NOTE-2
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeKey(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await disk.syncFolder(folder);
    found = await textOf(path);
  }
  const key = readKey(path, found);
  const raw = rawKey(createPublicKey(key));
  const hash = keyHash(name, raw);
  const encoded = Buffer.concat([Buffer.of(ed25519Type), raw]).toString('base64');
  return {
    verifierKey: `${name}+${hash.toString('hex')}+${encoded}`,
    sign(origin, { seq, head }) {
      const text = `${origin}\n${String(seq)}\n${Buffer.from(head, 'hex').toString('base64')}\n`;
      const signature = Buffer.concat([hash, sign(null, Buffer.from(text), key)]);
      return `${text}\n— ${name} ${signature.toString('base64')}\n`;
    },
  };
}

/** NOTE-2. */
async function writeKey(path: string, text: string | Buffer): Promise<void> {
  const partial = `${path}.partial`;
  await writeFile(partial, text, { mode: privateMode, flush: true });
  await rename(partial, path);
}

/** Undefined: there is none. */
async function textOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function readKey(path: string, text: Buffer | undefined): KeyObject {
  try {
    const key = text === undefined ? undefined : createPrivateKey(text);
    if (key?.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // The library's text may tell of what is in the file.
  }
  throw new Error(
    `${path} is no whole Ed25519 key: it was cut off or altered. No checkpoint is signed. Bring the file back from a copy; or move it away, and a new key is made: keep its verifier key then ("holdfast audit checkpoint --verifier-key"), beside that of before, by which the notes of before are checked.`,
  );
}

export interface Checkpoint {
  readonly origin: string;
  readonly end: ChainEnd;
}

/**
 * Reads a note, and checks its signature.
 *
 * @param verifierKey As the node told it; undefined: the signature is not looked at.
 * @throws Error that says what is wrong with it.
 */
export function readCheckpoint(note: string, verifierKey: string | undefined): Checkpoint {
  const split = note.indexOf('\n\n— ');
  if (split < 0) throw new Error('This is no signed note: it has no signature.');
  const text = note.slice(0, split + 1);
  const [origin = '', size = '', hash = ''] = text.split('\n');
  const seq = Number(size);
  const head = Buffer.from(hash, 'base64').toString('hex');
  if (origin === '' || !/^\d+$/.test(size) || !/^[0-9a-f]{64}$/.test(head))
    throw new Error('This is no checkpoint: its lines are an origin, a size and a hash.');
  if (verifierKey !== undefined) checkSignature(text, note.slice(split + 2), verifierKey);
  return { origin, end: { seq, head } };
}

function checkSignature(text: string, signatures: string, verifierKey: string): void {
  const [name = '', , encoded = ''] =
    /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(verifierKey)?.slice(1) ?? [];
  const typed = Buffer.from(encoded, 'base64');
  if (typed.length !== 33 || typed[0] !== ed25519Type)
    throw new Error(
      'The verifier key is none of Ed25519: it is NAME+HASH+KEY, as "holdfast audit checkpoint" tells it.',
    );
  const raw = typed.subarray(1);
  const key = createPublicKey({ key: Buffer.concat([spkiHead, raw]), format: 'der', type: 'spki' });
  const hash = keyHash(name, raw);
  for (const line of signatures.split('\n')) {
    const [, signer, base64 = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    const signature = Buffer.from(base64, 'base64');
    if (signer !== name || !signature.subarray(0, 4).equals(hash)) continue;
    if (verify(null, Buffer.from(text), key, signature.subarray(4))) return;
    throw new Error(`The signature of ${name} does not fit the checkpoint: it was altered.`);
  }
  throw new Error(`The checkpoint has no signature of ${name}.`);
}

/**
 * `holdfast restore`.
 *
 * RKEY-1: the only key of a restored cluster is in its file, durably, or taken by standard output, before the folder is whole. Who is
 *     killed in between has a key that opens nothing, and a folder that no node starts on.
 */
import { randomBytes } from 'node:crypto';
import { HoldfastError, readPeerAddress } from '@holdfast/protocol';
import type { restoreBackup } from '@holdfast/server/restore';
import type { Environment } from '../environment.ts';
import { UsageError } from '../failure.ts';
import { writeKeyFirst } from '../key-file.ts';
import { printRecord } from '../output.ts';
import type { Output } from '../output.ts';
import { warn } from '../printable.ts';
import { shellWord } from '../shell-word.ts';
import { untilSignal } from '../until-signal.ts';
import { writeSurely } from '../write-surely.ts';
import { formerCluster, wantedHash } from './hash-file.ts';
import { progressLines } from './progress.ts';

export interface RestoreCommandOptions {
  readonly storageFolder: string;
  readonly clusterClusterId?: string;
  readonly clusterNodeId: string;
  readonly clusterAdvertise: string;
  readonly sessions: 'end' | 'keep';
  readonly keys?: 'end' | 'keep';
  readonly fenceAbove?: string;
  readonly hash?: string;
  readonly keyFile?: string;
}

/** Where the new cluster begins. */
interface Place {
  readonly folder: string;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly address: string;
}

const name = /^[A-Za-z0-9._-]{1,64}$/;
const phases = {
  check: 'checked',
  read: 'read',
  payloads: 'payloads written',
  write: 'written',
} as const;

export async function restore(
  environment: Environment,
  file: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const place = placeOf(options);
  const fenceAbove = readFenceAbove(options.fenceAbove);
  const hash = wantedHash(file, options.hash);
  const formerClusterId = formerCluster(file);
  const done = await untilSignal((signal) =>
    restoring(environment.output, {
      file,
      options,
      place,
      fenceAbove,
      hash,
      formerClusterId,
      signal,
    }).catch((error: unknown) => {
      // Who gave it up is told what is left.
      if (signal.aborted && error instanceof HoldfastError) warn(error.message);
      throw error;
    }),
  );
  if (typeof done === 'number') environment.finish(done);
}

function placeOf(options: RestoreCommandOptions): Place {
  const { storageFolder: folder, clusterNodeId: nodeId } = options;
  const clusterId = options.clusterClusterId ?? `restored-${randomBytes(6).toString('hex')}`;
  for (const [flag, value] of [
    ['--cluster-cluster-id', clusterId],
    ['--cluster-node-id', nodeId],
  ] as const)
    if (!name.test(value))
      throw new UsageError(
        `${flag} takes 1 to 64 letters, digits, ".", "_" or "-"; given: "${value}".`,
      );
  return { folder, clusterId, nodeId, address: readAdvertised(options.clusterAdvertise) };
}

interface Asked {
  readonly file: string;
  readonly options: RestoreCommandOptions;
  readonly place: Place;
  readonly fenceAbove: number;
  readonly hash: string | undefined;
  readonly formerClusterId: string | undefined;
  readonly signal: AbortSignal;
}

async function restoring(output: Output, asked: Asked): Promise<void> {
  const { file, options, place, fenceAbove, hash, formerClusterId, signal } = asked;
  const { keys, keyFile, sessions } = options;
  const progress = progressLines(output.json);
  const engine = await import('@holdfast/server/restore');
  const { id, hash: keyHash, text: key } = engine.newKey();
  const identity = engine.recoveryIdentity(id);
  const removeKey = keyFile === undefined ? undefined : writeKeyFirst(keyFile, key);
  let mayCount = false;
  let isTold = false;
  try {
    const restored = await engine.restoreBackup({
      file,
      ...(hash === undefined ? {} : { hash }),
      ...place,
      formerClusterId,
      sessions,
      ...(keys === undefined ? {} : { keys }),
      administrator: { id, hash: keyHash, identity, createdAtMs: Date.now() },
      fenceAbove,
      signal,
      onProgress: (phase, bytes, totalBytes) => progress(phases[phase], bytes, totalBytes),
      beforeWhole: async (restored) => {
        // RKEY-1
        if (restored.isNewKeyUsed && keyFile === undefined) {
          const shown = { admin_identity: identity, admin_key: key };
          await writeSurely(textOf(output, recordOf(asked, restored, shown), shownOnce));
          isTold = true;
        }
        mayCount = restored.isNewKeyUsed;
      },
    });
    const kept = restored.isNewKeyUsed ? { admin_identity: identity, key_file: keyFile } : {};
    if (!isTold) output.write(textOf(output, recordOf(asked, restored, kept)));
    if (!output.json) tellNextSteps(output, restored.fenceCounter, hash !== undefined, place);
  } finally {
    if (!mayCount) removeKey?.();
  }
}

type Restored = Awaited<ReturnType<typeof restoreBackup>>;

const shownOnce = '\nThe key of the administrator is shown once, and is the only one: keep it.\n';

const recordOf = ({ place, hash }: Asked, restored: Restored, access: object): object => ({
  folder: place.folder,
  cluster_id: place.clusterId,
  node_id: place.nodeId,
  backup_index: restored.backup.index,
  backup_hash: restored.backup.hash,
  hash_checked: hash !== undefined,
  index: restored.index,
  fence_counter: restored.fenceCounter,
  ended_sessions: restored.endedSessions,
  authentication: restored.isEnabled,
  ended_keys: restored.endedKeys,
  ...access,
});

/** A record as it is printed, for people with a sentence behind it. */
function textOf({ json }: Output, record: object, sentence = ''): string {
  let text = '';
  printRecord({ json, write: (part) => (text += part) }, record);
  return json ? text : `${text}${sentence}`;
}

function tellNextSteps(
  output: Output,
  fenceCounter: number,
  isHashChecked: boolean,
  { folder, clusterId, nodeId, address }: Place,
): void {
  if (!isHashChecked)
    output.write(
      '\nNo hash was given and there is no file beside the backup that tells one: only the sum in its state was checked.\n',
    );
  output.write(
    `\nA later restore of the same backup, or of another one of the cluster that it comes from, must be given --fence-above ${String(fenceCounter)}: this cluster gives tokens from there on.\n`,
  );
  output.write(
    `\nStart it with:\n\n  holdfast server --storage-folder ${shellWord(folder)} --cluster-cluster-id ${clusterId} --cluster-node-id ${nodeId}${startOptions(address)}\n`,
  );
  if (address !== '')
    output.write(
      '\nWhere the node listens on another address than the one at which peers reach it, change --cluster-listen alone.\n',
    );
}

/** Peers go by what is in the restored folder: it is told again, so that another address to listen on changes nothing. */
const startOptions = (address: string): string =>
  address === '' ? '' : ` --cluster-listen ${address} --cluster-advertise ${address}`;

function readAdvertised(given: string): string {
  if (given === '') return '';
  const read = readPeerAddress(given);
  if (read.ok) return read.value;
  throw new UsageError(`--cluster-advertise ${read.problem}; given: "${given}".`);
}

function readFenceAbove(given = '0'): number {
  const number = Number(given);
  if (/^\d+$/.test(given) && Number.isSafeInteger(number)) return number;
  throw new UsageError(
    `--fence-above takes a whole number up to 2^53 - 1, as the restore before printed it; given: "${given}".`,
  );
}

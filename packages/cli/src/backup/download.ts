/**
 * Fetches a backup from a node into a file.
 *
 * DOWN-1: the file has its name only when all its bytes are there, durably, and have the hash that the node told.
 *     Until then it is called `FILE.partial`, and it is removed where that does not come to be.
 * DOWN-2: a node that says nothing for too long is skipped, and the next one is asked, as after one that refuses,
 *     breaks off, or sends something else. What the disk refuses ends it.
 * DOWN-3: nobody else reads it, or has it written elsewhere: what has the name of the file until then is removed
 *     first, whatever it is, and the file is a new one, of the owner alone.
 * DOWN-4: a file with a name has its hash beside it: that has its name first, durably, and loses it last. Where a process was killed in
 *     between the hash is there without its file, and `FILE.partial` with it: they are made anew.
 *     What tells its cluster comes and goes with the hash.
 * DOWN-5: what has the name by the time is not written over.
 * DOWN-6: a backup takes no more bytes than the node told, and no more time, with `marginMs`, whatever comes.
 */
import { askUrl } from '../certificates.ts';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HoldfastError, isErrorCode } from '@holdfast/protocol';
import { readAnswer } from '@holdfast/protocol/bounded-answer';
import { diskError, openPrivateFile } from '@holdfast/storage/files';
import { isRecord, noneAnswered, unreached } from '../ask-node.ts';
import { UsageError } from '../failure.ts';
import { syncFolder } from '../sync-folder.ts';
import { clusterFileOf, hashFileOf, hashLine } from './hash-file.ts';
import type { OnProgress } from './progress.ts';

/** A node with a million locks saves its snapshot for the better part of a minute before it answers. */
const answerTimeoutMs = 180_000;
const silenceTimeoutMs = 60_000;
/** The node begins to count earlier, and tells what it does in time. */
const usualMarginMs = 60_000;
/** A timer takes no more. */
const longestTimerMs = 2 ** 31 - 1;

export interface Downloaded {
  readonly url: string;
  readonly clusterId: string | undefined;
  readonly index: number;
  readonly hash: string;
  readonly byteLength: number;
}

interface Told extends Omit<Downloaded, 'url'> {
  /** The node ends it then; undefined of one that does not tell. */
  readonly longestSeconds: number | undefined;
}

/**
 * @param endpoints URLs as `endpointOf` reads them (ENDPOINT-1), asked one after the other until one sends its backup.
 * @throws HoldfastError where none does; DiskError; UsageError where the file is there already.
 */
export async function download(
  endpoints: readonly string[],
  file: string,
  onProgress: OnProgress,
  stop: AbortSignal,
  marginMs: number = usualMarginMs,
): Promise<Downloaded> {
  if (existsSync(file)) throw alreadyThere(file);
  for (const path of [hashFileOf(file), clusterFileOf(file)]) {
    if (!existsSync(path)) continue;
    if (!existsSync(`${file}.partial`)) throw alreadyThere(path);
    rmSync(path, { force: true }); // DOWN-4
  }
  let failure: HoldfastError | undefined;
  const silent: HoldfastError[] = [];
  for (const url of endpoints) {
    using silence = new Silence(stop);
    try {
      const answer = await ask(url, silence);
      if (answer instanceof HoldfastError) silent.push(answer);
      else return await save(url, answer, file, onProgress, silence, marginMs);
    } catch (error) {
      if (silence.isStopped || !(error instanceof HoldfastError)) throw error;
      failure = error; // DOWN-2
    }
  }
  throw failure ?? noneAnswered(endpoints, silent);
}

/** Why nobody answers, where that is so. @throws HoldfastError where the node refuses; UsageError where nobody was asked. */
async function ask(url: string, silence: Silence): Promise<Response | HoldfastError> {
  silence.within(answerTimeoutMs);
  let answer: Response;
  try {
    answer = await askUrl(`${url}/cluster/snapshot`, {
      signal: silence.signal,
      headers: { 'accept-encoding': 'identity' }, // Its length is told of what is sent.
    });
  } catch (error) {
    if (silence.isStopped) throw cancelled();
    return unreached(url, error);
  }
  if (answer.ok) return answer;
  throw await refusalOf(url, answer);
}

const alreadyThere = (path: string): UsageError =>
  new UsageError(`${path} is there already. Give another name, or remove it.`);

const cancelled = (): HoldfastError => new HoldfastError('cancelled', 'The backup was cancelled.');

/** Aborted when nothing was heard for too long (DOWN-2), or when the user stops it. */
class Silence {
  readonly #controller = new AbortController();
  readonly #stop: AbortSignal;
  readonly #abort = (): void => this.#controller.abort();
  #timer: NodeJS.Timeout | undefined;
  #last: NodeJS.Timeout | undefined;

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    if (stop.aborted) this.#abort();
    stop.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isStopped(): boolean {
    return this.#stop.aborted;
  }

  within(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#abort, ms);
  }

  /** However much is heard (DOWN-6). */
  atLastWithin(ms: number): void {
    clearTimeout(this.#last);
    this.#last = setTimeout(this.#abort, Math.min(ms, longestTimerMs));
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#last);
    this.#stop.removeEventListener('abort', this.#abort);
    // What was not read of an answer keeps its connection.
    this.#abort();
  }
}

async function refusalOf(url: string, answer: Response): Promise<HoldfastError> {
  const body = await readAnswer(url, answer).catch(() => undefined);
  const code = isRecord(body) ? body['code'] : undefined;
  const detail = isRecord(body) ? body['detail'] : undefined;
  return new HoldfastError(
    isErrorCode(code) ? code : 'internal',
    `${url} sends no backup: ${typeof detail === 'string' ? detail : `HTTP status ${String(answer.status)}`}`,
  );
}

/** DOWN-1. */
async function save(
  url: string,
  answer: Response,
  file: string,
  onProgress: OnProgress,
  silence: Silence,
  marginMs: number,
): Promise<Downloaded> {
  const { longestSeconds, ...told } = headersOf(url, answer);
  if (longestSeconds !== undefined) silence.atLastWithin(longestSeconds * 1000 + marginMs);
  const startedMs = performance.now();
  const partial = `${file}.partial`;
  const made: string[] = [];
  try {
    rmSync(partial, { force: true });
    const descriptor = openPrivateFile(partial, 'wx'); // DOWN-3
    made.push(partial);
    try {
      const received = await receive(
        answer,
        descriptor,
        told.byteLength,
        onProgress,
        silence,
      ).catch((error: unknown) => {
        throw tooSlow(error, performance.now() - startedMs, longestSeconds);
      });
      const { hash, byteLength } = received;
      if (byteLength !== told.byteLength || hash !== told.hash)
        throw new HoldfastError(
          'connection_lost',
          `What ${url} sent is not its backup: ${String(byteLength)} of ${String(told.byteLength)} bytes with SHA-256 ${hash}, not ${told.hash}. Nothing was kept; try again.`,
        );
      fsyncSync(descriptor);
      giveName(descriptor, file, { ...told, hash }, made);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    for (const path of made.toReversed()) rmSync(path, { force: true });
    throw diskError(error, 'written', file);
  }
  return { url, ...told };
}

/** DOWN-4. @param made What there is now and is to go, the last first, should this fail. */
function giveName(
  descriptor: number,
  file: string,
  { hash, clusterId }: Pick<Downloaded, 'hash' | 'clusterId'>,
  made: string[],
): void {
  const partial = `${file}.partial`;
  if (clusterId !== undefined) writeBeside(clusterFileOf(file), `${clusterId}\n`, made);
  writeBeside(hashFileOf(file), hashLine(file, hash), made);
  syncFolder(dirname(file));
  if (lstatSync(partial).ino !== fstatSync(descriptor).ino)
    throw new UsageError(
      `${partial} was replaced while it was written. Is another backup made into the same file? Nothing was kept.`,
    );
  giveNewName(partial, file);
  made.push(file);
  rmSync(partial, { force: true });
  syncFolder(dirname(file));
}

function writeBeside(path: string, text: string, made: string[]): void {
  const descriptor = openPrivateFile(path, 'wx');
  made.push(path);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** DOWN-5. The other name stays where it can. */
function giveNewName(partial: string, file: string): void {
  try {
    linkSync(partial, file);
  } catch (error) {
    if (existsSync(file)) throw alreadyThere(file);
    // A file system without links.
    if (!existsSync(partial)) throw error;
    renameSync(partial, file);
  }
}

/** What a node that had enough of a slow reader says in front of the bytes alone. */
function tooSlow(error: unknown, tookMs: number, longestSeconds: number | undefined): unknown {
  if (!(error instanceof HoldfastError) || error.code !== 'connection_lost') return error;
  // The node began to count a little earlier.
  if (longestSeconds === undefined || tookMs < longestSeconds * 950) return error;
  return new HoldfastError(
    error.code,
    `${error.message} It gives a backup of this size ${String(longestSeconds)} s, and they were over. ` +
      'Read it faster, on the machine of the node for one, or lower its limits.min_backup_bytes_per_second.',
    {},
    { cause: error },
  );
}

function headersOf(url: string, answer: Response): Told {
  const { headers } = answer;
  const hash = headers.get('holdfast-snapshot-hash') ?? '';
  const index = Number(headers.get('holdfast-snapshot-index') ?? '');
  const byteLength = Number(headers.get('content-length') ?? '');
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new HoldfastError('connection_lost', `${url} is no node of Holdfast: it tells no hash.`);
  for (const [header, number] of [
    ['Holdfast-Snapshot-Index', index],
    ['Content-Length', byteLength],
  ] as const)
    if (!(number > 0))
      throw new HoldfastError(
        'connection_lost',
        `${url} tells the hash of its backup and not the header ${header}: what is in front of the node changes its answers. Ask the node itself.`,
      );
  const seconds = Number(headers.get('holdfast-snapshot-longest-seconds') ?? '');
  return {
    clusterId: headers.get('holdfast-cluster-id') ?? undefined,
    index,
    hash,
    byteLength,
    longestSeconds: seconds > 0 ? seconds : undefined,
  };
}

async function receive(
  answer: Response,
  descriptor: number,
  totalBytes: number,
  onProgress: OnProgress,
  silence: Silence,
): Promise<{ readonly hash: string; readonly byteLength: number }> {
  const sum = createHash('sha256');
  let byteLength = 0;
  try {
    const body: AsyncIterable<Uint8Array> | null = answer.body;
    for await (const bytes of body ?? []) {
      silence.within(silenceTimeoutMs);
      for (let from = 0; from < bytes.byteLength;)
        from += writeSync(descriptor, bytes, from, bytes.byteLength - from);
      sum.update(bytes);
      byteLength += bytes.byteLength;
      // DOWN-6: what is wrong with it is told by whoever compares it.
      if (byteLength > totalBytes) break;
      onProgress('received', byteLength, totalBytes);
    }
  } catch (error) {
    if (silence.isStopped) throw cancelled();
    // What the disk says names the call; what the connection says does not.
    if (error instanceof Error && 'syscall' in error && error.syscall === 'write') throw error;
    throw new HoldfastError(
      'connection_lost',
      `The node broke off after ${String(byteLength)} of ${String(totalBytes)} bytes.`,
      {},
      { cause: error },
    );
  }
  return { hash: sum.digest('hex'), byteLength };
}

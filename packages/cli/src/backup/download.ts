/**
 * Fetches a backup from a node into a file.
 *
 * DOWN-1: the file has its name only when all its bytes are there, durably, and have the hash that the node told.
 *     Until then it is called `FILE.partial`, and it is removed where that does not come to be.
 * DOWN-2: a node that says nothing for too long is given up.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { diskError, openPrivateFile, writePrivateFile } from '@holdfast/storage';
import { isRecord } from '../ask-node.ts';
import { UsageError } from '../failure.ts';
import { hashFileOf, hashLine } from './hash-file.ts';
import type { OnProgress } from './progress.ts';

/** A node with a million locks saves its snapshot for the better part of a minute before it answers. */
const answerTimeoutMs = 180_000;
const silenceTimeoutMs = 60_000;

export interface Downloaded {
  readonly url: string;
  readonly clusterId: string | undefined;
  readonly index: number;
  readonly hash: string;
  readonly byteLength: number;
}

/**
 * @param endpoints Asked one after the other, until one answers.
 * @throws HoldfastError where none does, or one refuses; DiskError; UsageError where the file is there already.
 */
export async function download(
  endpoints: readonly string[],
  file: string,
  onProgress: OnProgress,
  stop: AbortSignal,
): Promise<Downloaded> {
  for (const path of [file, hashFileOf(file)])
    if (existsSync(path))
      throw new UsageError(`${path} is there already. Give another name, or remove it.`);
  let refusal: HoldfastError | undefined;
  for (const url of endpoints) {
    using silence = new Silence(stop);
    silence.within(answerTimeoutMs);
    let answer: Response;
    try {
      answer = await fetch(new URL('/cluster/snapshot', url), { signal: silence.signal });
    } catch {
      if (stop.aborted) throw aborted();
      continue;
    }
    if (answer.ok) return await save(url, answer, file, onProgress, silence);
    refusal = await refusalOf(url, answer);
  }
  throw refusal ?? new HoldfastError('connection_lost', 'No node answered.');
}

const aborted = (): HoldfastError => new HoldfastError('aborted', 'The backup was given up.');

/** Aborted when nothing was heard for too long (DOWN-2), or when the user stops it. */
class Silence {
  readonly #controller = new AbortController();
  readonly #stop: AbortSignal;
  readonly #abort = (): void => this.#controller.abort();
  #timer: NodeJS.Timeout | undefined;

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

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#stop.removeEventListener('abort', this.#abort);
  }
}

async function refusalOf(url: string, answer: Response): Promise<HoldfastError> {
  const body: unknown = await answer.json().catch(() => undefined);
  const code = isRecord(body) ? body['code'] : undefined;
  const detail = isRecord(body) ? body['detail'] : undefined;
  return new HoldfastError(
    isErrorCode(code) ? code : 'internal',
    `${url} sends no backup: ${typeof detail === 'string' ? detail : `HTTP status ${String(answer.status)}`}`,
  );
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errorDefinitions, code);

/** DOWN-1. */
async function save(
  url: string,
  answer: Response,
  file: string,
  onProgress: OnProgress,
  silence: Silence,
): Promise<Downloaded> {
  const told = headersOf(url, answer);
  const partial = `${file}.partial`;
  try {
    const { hash, byteLength } = await receive(
      answer,
      partial,
      told.byteLength,
      onProgress,
      silence,
    );
    if (byteLength !== told.byteLength || hash !== told.hash)
      throw new HoldfastError(
        'connection_lost',
        `What ${url} sent is not its backup: ${String(byteLength)} of ${String(told.byteLength)} bytes with SHA-256 ${hash}, not ${told.hash}. Nothing was kept; try again.`,
      );
    writePrivateFile(hashFileOf(file), hashLine(file, hash));
    for (const path of [hashFileOf(file), partial]) sync(path);
    renameSync(partial, file);
    sync(dirname(file));
  } catch (error) {
    rmSync(partial, { force: true });
    rmSync(hashFileOf(file), { force: true });
    throw diskError(error, 'written', file);
  }
  return { url, ...told };
}

function headersOf(url: string, answer: Response): Omit<Downloaded, 'url'> {
  const { headers } = answer;
  const hash = headers.get('holdfast-snapshot-hash') ?? '';
  const index = Number(headers.get('holdfast-snapshot-index') ?? '');
  const byteLength = Number(headers.get('content-length') ?? '');
  if (!/^[0-9a-f]{64}$/.test(hash) || !(index > 0) || !(byteLength > 0))
    throw new HoldfastError('connection_lost', `${url} is no node of Holdfast: it tells no hash.`);
  return { clusterId: headers.get('holdfast-cluster-id') ?? undefined, index, hash, byteLength };
}

async function receive(
  answer: Response,
  partial: string,
  totalBytes: number,
  onProgress: OnProgress,
  silence: Silence,
): Promise<{ readonly hash: string; readonly byteLength: number }> {
  const sum = createHash('sha256');
  let byteLength = 0;
  const descriptor = openPrivateFile(partial, 'w');
  try {
    const body: AsyncIterable<Uint8Array> | null = answer.body;
    for await (const bytes of body ?? []) {
      silence.within(silenceTimeoutMs);
      for (let from = 0; from < bytes.byteLength;)
        from += writeSync(descriptor, bytes, from, bytes.byteLength - from);
      sum.update(bytes);
      byteLength += bytes.byteLength;
      onProgress('received', byteLength, totalBytes);
    }
  } catch (error) {
    if (silence.isStopped) throw aborted();
    // What the disk says names the call; what the connection says does not.
    if (error instanceof Error && 'syscall' in error && error.syscall === 'write') throw error;
    throw new HoldfastError(
      'connection_lost',
      `The node broke off after ${String(byteLength)} of ${String(totalBytes)} bytes.`,
      {},
      { cause: error },
    );
  } finally {
    closeSync(descriptor);
  }
  return { hash: sum.digest('hex'), byteLength };
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

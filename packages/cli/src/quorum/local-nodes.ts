/** Lease nodes on this machine, each a process of its own, so that one may be killed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatHostPort } from '@holdfast/protocol';
import { makeFolders, openPrivateFile, writePrivateFile } from '@holdfast/storage/files';
import { UsageError } from '../failure.ts';
import { askHealth } from './ask-nodes.ts';
import { tryAddress } from './free-address.ts';
import { addressFailure } from './node-failure.ts';

const startTimeoutMs = 15_000;
const stopTimeoutMs = 7000;
const askVotingEveryMs = 50;

export interface LocalLeaseNode {
  readonly name: string;
  readonly url: string;
  /** SQLite. */
  readonly file: string;
  readonly log: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** What it was started with, behind `holdfast`. */
  readonly words: readonly string[];
}

export interface LocalLeaseNodes {
  readonly nodes: readonly LocalLeaseNode[];
  /** Which of them vote, in their order: when all do, or after `timeoutMs`. */
  voting(timeoutMs: number): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

export interface LocalLeaseNodesOptions {
  /** One a node. */
  readonly ports: readonly number[];
  /** The address of this machine on which all of them listen: one, not all of them. */
  readonly host: string;
  /** Files and logs of all nodes. */
  readonly folder: string;
  /** More options of `holdfast quorum-node`, for all of them. */
  readonly words: readonly string[];
  /** Ends a start that is under way: the nodes are stopped, and it is rejected. */
  readonly signal: AbortSignal;
  /** Told each time a node's process has ended, with its signal or exit status. */
  readonly onNodeEnd: (node: LocalLeaseNode, how: string) => void;
}

/**
 * Nothing is made for nodes that could not start.
 *
 * @throws UsageError for a folder of another number of nodes, or of other addresses; Error for a port that is in use, and with the end of
 *   its log when a node does not start.
 */
export async function startLeaseNodes(options: LocalLeaseNodesOptions): Promise<LocalLeaseNodes> {
  const { ports, host, folder, words } = options;
  const numberFile = join(folder, 'number-of-nodes');
  const membersFile = join(folder, 'members');
  const urls = ports.map((port) => `http://${formatHostPort(host, port)}`);
  checkNumber(numberFile, folder, ports.length);
  checkMembers(membersFile, folder, urls);
  for (const port of ports) await checkPort(host, port);
  makeFolders(folder);
  writePrivateFile(numberFile, `${String(ports.length)}\n`);
  writePrivateFile(membersFile, `${urls.join('\n')}\n`);
  const slots = ports.map((port, position) => {
    const name = `node-${String(position + 1)}`;
    const file = join(folder, `${name}.sqlite`);
    const peers = urls.filter((_url, place) => place !== position).join(',');
    const own = ['--host', host, '--port', String(port), '--db', file, '--peers', peers];
    return new Slot({
      name,
      url: urls[position] ?? '',
      file,
      log: join(folder, `${name}.log`),
      words: ['quorum-node', ...own, ...words],
    });
  });
  const stopAll = async (): Promise<void> => {
    await Promise.all(slots.map((slot) => slot.stop()));
  };
  const { signal } = options;
  const onAbort = (): void => void stopAll();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.all(slots.map((slot) => slot.start(options.onNodeEnd)));
  } catch (error) {
    await stopAll();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return {
    get nodes() {
      return slots.map((slot) => slot.node);
    },
    voting: (timeoutMs) => untilVoting(urls, timeoutMs),
    close: stopAll,
  };
}

/**
 * A majority of three is not one of five: files that have voted in one configuration are no others' start.
 *
 * @throws UsageError
 */
function checkNumber(numberFile: string, folder: string, nodes: number): void {
  if (!existsSync(numberFile)) return;
  const before = readFileSync(numberFile, 'utf8').trim();
  if (before !== String(nodes))
    throw new UsageError(
      `${folder} is of a quorum of ${before} nodes, not ${String(nodes)}. Give as many --ports, or another folder with --data.`,
    );
}

/**
 * The set of a lease node names its members by their addresses: on other ports the same files are of another set.
 *
 * @throws UsageError
 */
function checkMembers(membersFile: string, folder: string, urls: readonly string[]): void {
  if (!existsSync(membersFile)) return;
  const before = readFileSync(membersFile, 'utf8').trim().split('\n');
  if (before.toSorted().join() !== urls.toSorted().join())
    throw new UsageError(
      `${folder} is of the nodes ${before.join(', ')}: their addresses are their names. Give the same --ports and --host, or another folder with --data.`,
    );
}

async function checkPort(host: string, port: number): Promise<void> {
  try {
    await tryAddress(host, port);
  } catch (error) {
    throw addressFailure(error, host, port, '--ports');
  }
}

class Slot {
  readonly #fields: Omit<LocalLeaseNode, 'pid'>;
  #child: ChildProcess | undefined;

  constructor(fields: Omit<LocalLeaseNode, 'pid'>) {
    this.#fields = fields;
  }

  get node(): LocalLeaseNode {
    return { ...this.#fields, pid: this.#child?.pid };
  }

  start(onNodeEnd: LocalLeaseNodesOptions['onNodeEnd']): Promise<void> {
    const { name, log: logPath, words } = this.#fields;
    const log = openPrivateFile(logPath, 'w');
    const child = spawn(
      process.execPath,
      ['--disable-sigusr1', ...sourceFlags(), mainPath(), ...words],
      {
        // A process group of its own: Ctrl-C reaches the parent, which stops its nodes in order.
        detached: true,
        stdio: ['ignore', 'ignore', log, 'ipc'],
        env: { ...process.env, HOLDFAST_STOP_WITH_PARENT: '1' },
      },
    );
    closeSync(log);
    this.#child = child;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new Error(`${name} did not start in ${String(startTimeoutMs)} ms. ${logEnd(logPath)}`),
        );
        child.kill('SIGKILL');
      }, startTimeoutMs);
      let started = false;
      child.once('message', () => {
        started = true;
        clearTimeout(timer);
        resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        this.#child = undefined;
        const how = signal ?? `status ${String(code)}`;
        if (started) onNodeEnd(this.node, how);
        else reject(new Error(`${name} could not be started. ${logEnd(logPath)}`));
      });
    });
  }

  stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }
}

function mainPath(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../main.${extension}`, import.meta.url));
}

/** Children run like this process does: from the sources where it does, without its debugger and profiler. */
export function sourceFlags(): string[] {
  return process.execArgv.filter(
    (flag) => flag.startsWith('--conditions') || flag.startsWith('--no-warnings'),
  );
}

/** What it said when it failed, without what it had logged before. */
function logEnd(path: string): string {
  const log = readFileSync(path, 'utf8');
  const failure = log.lastIndexOf('\nholdfast: ');
  return `The end of ${path}:\n${(failure < 0 ? log.slice(-2000) : log.slice(failure)).trim()}`;
}

async function untilVoting(
  urls: readonly string[],
  timeoutMs: number,
): Promise<readonly boolean[]> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const voting = await askHealth(urls);
    if (voting.every(Boolean) || performance.now() >= deadlineMs) return voting;
    await new Promise((resolve) => setTimeout(resolve, askVotingEveryMs));
  }
}

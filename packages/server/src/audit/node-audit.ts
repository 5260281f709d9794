/**
 * The audit of one node: the changes of the cluster, as they are applied, and what it does beside the log, refuses and reads.
 *
 * AUDIT-NODE-1: with `fail_closed` no record of a change is lost: changes are refused while half of what may wait for the disk is
 *     used, and the node ends before it would drop one; what it has not written is told again by the log. With `fail_open` it
 *     goes on, and says in the file, in its metrics and its log which are not there.
 * AUDIT-NODE-2: who is refused again and again fills no disk: so many refusals a second are recorded of each caller, and of all
 *     together, and the number of the rest.
 * AUDIT-NODE-3: where the chains of the node have come to is told to the log of the cluster once a minute: from then on they
 *     are not shortened or rewritten unseen. The end of `requests` is a record of `node`, whose end is told.
 * AUDIT-NODE-4: what was refused or read stands in files of its own, with a budget of its own: no number of it pushes out the record of
 *     a change, and a disk that is too slow for it keeps nobody from changing anything.
 * AUDIT-NODE-5: a stop ends in bounded time though nothing can be written, and says what is not in the files.
 * AUDIT-NODE-6: how long something has lasted is told by a clock that nobody sets (AUDIT-FILE-7): an anchor is never later for a step
 *     of the wall clock.
 * AUDIT-NODE-7: the files of before are opened once no other process has the folder of the node: one that is refused because another one
 *     runs has cut nothing off.
 * AUDIT-NODE-8: a node that does not start, for whatever reason, leaves no file of its audit open and writes nothing of it afterwards.
 */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type {
  AuditChainName,
  AuditedRequest,
  AuditStatus,
  LatestRecords,
  NodeAuditing,
} from '@holdfast/api';
import type { AuditSink, Engine } from '@holdfast/engine';
import { ChainWriter } from './chain-writer.ts';
import type { ChainWriterOptions } from './chain-writer.ts';
import { originOf } from './compare.ts';
import { latestRecords } from './latest.ts';
import { chainNames, sealed } from './lines.ts';
import type { ChainEnd, ChainName } from './lines.ts';
import { openSigner } from './notes.ts';
import type { Signer } from './notes.ts';
import { Refusals } from './refusals.ts';

export interface AuditConfiguration {
  readonly onFailure: 'fail_closed' | 'fail_open';
  readonly reads: boolean;
  readonly rotateBytes: number;
  readonly keepBytes: number;
  readonly keepDays: number;
  readonly bufferBytes: number;
  readonly anchorSeconds: number;
}

export interface NodeAuditOptions extends AuditConfiguration {
  /** Of the node. */
  readonly folder: string;
  readonly clusterId: string;
  readonly nodeId: string;
  readonly log: {
    warn(fields: object, text: string): void;
    error(fields: object, text: string): void;
  };
  readonly onFatal: (error: Error) => void;
  readonly openFile?: ChainWriterOptions['openFile'];
  readonly now?: ChainWriterOptions['now'];
}

export const auditFolder = 'audit';
const dayMs = 86_400_000;
const tickMs = 1000;
const clearUpMs = 3_600_000;
const loudEveryMs = 10_000;
const longestCheckpointMs = 5000;

/** A chain that this node makes itself. */
interface OwnChain {
  readonly writer: ChainWriter;
  /** With what was dropped. */
  end: ChainEnd;
}

export class NodeAudit implements AuditSink, NodeAuditing {
  readonly #options: NodeAuditOptions;
  readonly #now: () => number;
  readonly #changes: ChainWriter;
  readonly #own: OwnChain;
  readonly #requests: OwnChain;
  /** One at a time makes the key. */
  #signer: Promise<Signer> | undefined;
  #engine: Engine | undefined;
  #anchoredSeq = 0;
  #anchoredRequests: number;
  readonly #timer: NodeJS.Timeout;
  #anchorDueMs: number;
  #clearUpDueMs: number;
  #loudMs = Number.NEGATIVE_INFINITY;
  #stepToldUntilMs = Number.NEGATIVE_INFINITY;
  /** It has told `onFatal`: what comes now is told again after a restart, and nothing of it may stand behind what was refused. */
  #isEnding = false;
  readonly #refusals = new Refusals();

  /** @throws Error where the files of before cannot be gone on with. */
  constructor(options: NodeAuditOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    const folder = join(options.folder, auditFolder);
    const shared = {
      folder,
      cluster: options.clusterId,
      node: options.nodeId,
      rotateBytes: options.rotateBytes,
      keepBytes: options.keepBytes,
      keepMs: options.keepDays * dayMs,
      bufferBytes: options.bufferBytes,
      onFailure: (error: unknown) => this.#onFailure(error),
      onClockStep: (stepMs: number) => this.#onClockStep(stepMs),
      now: this.#now,
      ...(options.openFile === undefined ? {} : { openFile: options.openFile }),
    };
    this.#changes = new ChainWriter({
      ...shared,
      chain: 'changes',
      isSynced: false,
      keepsAll: options.onFailure === 'fail_closed',
    });
    const own = (chain: ChainName): OwnChain => {
      const writer = new ChainWriter({ ...shared, chain, isSynced: true });
      return { writer, end: writer.end };
    };
    this.#own = own('node');
    this.#requests = own('requests');
    this.#anchoredRequests = this.#requests.end.seq;
    this.#clearUpDueMs = this.#now() + clearUpMs;
    this.#anchorDueMs = this.#now() + options.anchorSeconds * 1000;
    this.#timer = setInterval(() => this.#onTick(), tickMs);
    this.#timer.unref();
  }

  get #writers(): Readonly<Record<ChainName, ChainWriter>> {
    return { changes: this.#changes, node: this.#own.writer, requests: this.#requests.writer };
  }

  /** From here on it is asked whether the audit is on. */
  attach(engine: Engine): void {
    this.#engine = engine;
  }

  get isOn(): boolean {
    return this.#engine?.audit.isOn === true;
  }

  get recordsReads(): boolean {
    return this.#options.reads;
  }

  // ---- changes ----------------------------------------------------------------------------------

  changed(lines: readonly string[]): void {
    if (this.#isEnding) return;
    if (this.#changes.addEntry(lines) || this.#options.onFailure === 'fail_open') return;
    this.#isEnding = true;
    this.#options.onFatal(
      new Error(
        `The audit cannot be written, and ${String(this.#changes.bufferedBytes)} bytes wait: this node ends before it would drop a record (audit.on_failure: fail_closed). Nothing is lost: what is missing is written after a restart. Make room on the disk of ${this.#options.folder}, and start it again.`,
      ),
    );
  }

  get isBehind(): boolean {
    return this.#changes.isBehind;
  }

  onRoom(listener: () => void): void {
    this.#changes.onRoom(listener);
  }

  restored({ size, head }: { readonly size: number; readonly head: string }): void {
    this.#changes.goOnFrom({ seq: size, head });
  }

  durable(): Promise<void> {
    if (this.#mayDrop) return Promise.resolve();
    return this.#changes.durable();
  }

  get #mayDrop(): boolean {
    return this.#options.onFailure === 'fail_open' && this.#changes.isFailing;
  }

  // ---- what the node tells by itself ------------------------------------------------------------

  tell(request: AuditedRequest): void {
    const { caller, address, outcome } = request;
    if (request.isRefused && !this.#refusals.isRecorded(caller ?? address ?? '', address)) return;
    // AUDIT-NODE-4
    this.#record(request.changes ? this.#own : this.#requests, {
      by: request.identity,
      proof: request.proof,
      ...(address === undefined ? {} : { address }),
      operation: request.operation,
      ...(request.on.length === 0 ? {} : { on: request.on }),
      outcome,
    });
  }

  #record(chain: OwnChain, what: object): void {
    const at_ms = Date.now();
    const revision = this.#engine?.revision ?? 0;
    const node = this.#options.nodeId; // AUDIT-LINE-2
    const { line, seq, head } = sealed(chain.end, { at_ms, revision, node, ...what });
    // What is dropped has its number: the file says which are not there.
    chain.end = { seq, head };
    chain.writer.add(line);
  }

  /** AUDIT-NODE-2. */
  #tellRest(): void {
    for (const rest of this.#refusals.takeRest())
      this.#record(this.#requests, {
        by: 'holdfast',
        operation: 'refusals_not_recorded',
        ...rest,
      });
  }

  // ---- what goes wrong --------------------------------------------------------------------------

  /** AUDIT-NODE-1. */
  get cannotRecord(): boolean {
    if (this.#options.onFailure === 'fail_open' || !this.isOn) return false;
    return this.#changes.isHalfFull || this.#own.writer.isHalfFull;
  }

  get cannotRecordReads(): boolean {
    if (this.#options.onFailure === 'fail_open' || !this.isOn) return false;
    return this.#requests.writer.isHalfFull;
  }

  #onFailure(error: unknown): void {
    const now = this.#now();
    if (this.#options.onFailure === 'fail_open') this.#changes.stopWaiting();
    if (now - this.#loudMs < loudEveryMs) return;
    this.#loudMs = now;
    this.#options.log.error(
      {
        error: String(error),
        bufferedBytes: Object.values(this.#writers).reduce(
          (sum, { bufferedBytes }) => sum + bufferedBytes,
          0,
        ),
      },
      this.#options.onFailure === 'fail_closed'
        ? 'The audit cannot be written. Changes are refused when half of its buffer is used.'
        : 'The audit cannot be written. Records are dropped when its buffer is full.',
    );
  }

  /** Of each chain, which all see the same: said once. */
  #onClockStep(stepMs: number): void {
    if (this.#now() < this.#stepToldUntilMs) return;
    this.#stepToldUntilMs = this.#now() + clearUpMs / 2;
    this.#options.log.warn(
      { step_ms: Math.round(stepMs) },
      'The wall clock of this machine was set. No file of the audit is deleted by its age (audit.keep_days) for a day. Check the clock.',
    );
  }

  #onTick(): void {
    this.#tellRest();
    const now = this.#now();
    if (now >= this.#clearUpDueMs) {
      this.#clearUpDueMs = now + clearUpMs;
      for (const writer of Object.values(this.#writers)) void writer.clearUp();
    }
    if (now < this.#anchorDueMs) return;
    this.#anchorDueMs = now + this.#options.anchorSeconds * 1000;
    void this.anchor();
  }

  /** AUDIT-NODE-3. Where that fails it is done the next time. */
  async anchor(): Promise<void> {
    // What was dropped is no part of it: after a restart its number is given to another record.
    if (!this.isOn || this.#engine === undefined) return;
    await this.#anchorRequests();
    const { seq, head } = this.#own.writer.end;
    if (seq === this.#anchoredSeq) return;
    const before = this.#anchoredSeq;
    this.#anchoredSeq = seq;
    if (!(await isDurable(this.#own.writer))) return;
    await this.#engine
      .submit(
        { type: 'anchor_audit', node: this.#options.nodeId, size: seq, head },
        { identity: 'holdfast' },
      )
      .catch(() => {
        this.#anchoredSeq = before;
      });
  }

  async #anchorRequests(): Promise<void> {
    const { seq: size, head } = this.#requests.writer.end;
    if (size === this.#anchoredRequests) return;
    this.#anchoredRequests = size;
    if (await isDurable(this.#requests.writer))
      this.#record(this.#own, { by: 'holdfast', operation: 'anchor_requests', size, head });
  }

  // ---- what is told of it -----------------------------------------------------------------------

  status(): AuditStatus {
    const writers = this.#writers;
    return {
      isFailing: Object.values(writers).some(({ isFailing }) => isFailing),
      refusesChanges: this.cannotRecord,
      chains: Object.entries(writers).map(([chain, writer]) => ({
        chain,
        size: writer.end.seq,
        head: writer.end.head,
        records: writer.records,
        dropped: writer.droppedRecords,
        failedWrites: writer.failedWrites,
        bufferedBytes: writer.bufferedBytes,
      })),
    };
  }

  latest(chain: AuditChainName, limit: number): Promise<LatestRecords> {
    return latestRecords(join(this.#options.folder, auditFolder), chain, limit);
  }

  /** Of what is durable in the files of this node. Undefined: that cannot be made so now. */
  async checkpoint(): Promise<
    { readonly notes: readonly string[]; readonly verifierKey: string } | undefined
  > {
    const { clusterId, nodeId } = this.#options;
    const writers = this.#writers;
    const ends = chainNames.map((chain) => ({ chain, end: writers[chain].end }));
    const durable = Promise.all(chainNames.map((chain) => isDurable(writers[chain])));
    const late = setTimeout(longestCheckpointMs, [false], { ref: false });
    if ((await Promise.race([durable, late])).includes(false)) return undefined;
    const signer = await this.#openSigner();
    const notes = ends.map(({ chain, end }) =>
      signer.sign(originOf(clusterId, chain, nodeId), end),
    );
    return { notes, verifierKey: signer.verifierKey };
  }

  async #openSigner(): Promise<Signer> {
    const { clusterId, folder, nodeId } = this.#options;
    this.#signer ??= openSigner(join(folder, auditFolder), `holdfast/${clusterId}/${nodeId}`);
    try {
      return await this.#signer;
    } catch (error) {
      this.#signer = undefined; // Somebody may have put the file right.
      throw error;
    }
  }

  /** AUDIT-NODE-5. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#tellRest();
    const left = await Promise.all(
      chainNames.map(async (chain) => ({ chain, ...(await this.#writers[chain].close()) })),
    );
    for (const { chain, records, bytes } of left)
      if (records > 0)
        this.#options.log.error(
          { chain, records, bytes },
          chain === 'changes'
            ? 'The end of the audit is not written. What is missing is written after a restart, from the log.'
            : 'The end of the audit is not written. These records are lost: they stand in no log.',
        );
  }
}

/** False: the node ends before. */
const isDurable = (writer: ChainWriter): Promise<boolean> =>
  writer.durable().then(
    () => true,
    () => false,
  );

/**
 * The audit of one node: the changes of the cluster, as they are applied, and what it refuses, reads and does by itself.
 *
 * AUDIT-NODE-1: with `fail_closed` no record of a change is lost: changes are refused while half of what may wait for the disk is
 *     used, and the node ends before it would drop one; what it has not written is told again by the log. With `fail_open` it
 *     goes on, and says in the file, in its metrics and its log which are not there.
 * AUDIT-NODE-2: who is refused again and again fills no disk: so many refusals a second are recorded of each caller, and the
 *     number of the rest.
 * AUDIT-NODE-3: where the chain of the node has come to is told to the log of the cluster once a minute: from then on it
 *     is not shortened or rewritten unseen.
 */
import { join } from 'node:path';
import type { AuditedRequest, AuditStatus, NodeAuditing } from '@holdfast/api';
import type { AuditSink, Engine } from '@holdfast/engine';
import { ChainWriter } from './chain-writer.ts';
import type { ChainWriterOptions } from './chain-writer.ts';
import { originOf } from './compare.ts';
import { sealed } from './lines.ts';
import type { ChainEnd } from './lines.ts';
import { openSigner } from './notes.ts';
import type { Signer } from './notes.ts';

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
}

export const auditFolder = 'audit';
const dayMs = 86_400_000;
const tickMs = 1000;
const clearUpMs = 3_600_000;
const loudEveryMs = 10_000;
/** AUDIT-NODE-2. */
const mostOfCaller = 50;
const mostCallers = 1000;

export class NodeAudit implements AuditSink, NodeAuditing {
  readonly #options: NodeAuditOptions;
  readonly #changes: ChainWriter;
  readonly #own: ChainWriter;
  #signer: Signer | undefined;
  #engine: Engine | undefined;
  #ownEnd: ChainEnd;
  #anchoredSeq: number;
  readonly #timer: NodeJS.Timeout;
  #anchorDueMs: number;
  #clearUpDueMs = Date.now() + clearUpMs;
  #loudMs = 0;
  /** It has told `onFatal`: what comes now is told again after a restart, and nothing of it may stand behind what was refused. */
  #isEnding = false;
  readonly #told = new Map<string, { count: number; readonly address: string | undefined }>();

  /** @throws Error where the files of before cannot be gone on with. */
  constructor(options: NodeAuditOptions) {
    this.#options = options;
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
      ...(options.openFile === undefined ? {} : { openFile: options.openFile }),
    };
    this.#changes = new ChainWriter({
      ...shared,
      chain: 'changes',
      isSynced: false,
      keepsAll: options.onFailure === 'fail_closed',
    });
    this.#own = new ChainWriter({ ...shared, chain: 'node', isSynced: true });
    this.#ownEnd = this.#own.end;
    this.#anchoredSeq = 0;
    this.#anchorDueMs = Date.now() + options.anchorSeconds * 1000;
    this.#timer = setInterval(() => this.#onTick(), tickMs);
    this.#timer.unref();
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
    for (const line of lines) {
      if (this.#changes.add(line) || this.#options.onFailure === 'fail_open') continue;
      this.#isEnding = true;
      this.#options.onFatal(
        new Error(
          `The audit cannot be written, and ${String(this.#changes.bufferedBytes)} bytes wait: this node ends before it would drop a record (audit.on_failure: fail_closed). Nothing is lost: what is missing is written after a restart. Make room on the disk of ${this.#options.folder}, and start it again.`,
        ),
      );
      return;
    }
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
    if (request.isRefused) {
      const whose = caller ?? address ?? '';
      const told = this.#told.get(whose) ?? { count: 0, address };
      if (this.#told.size >= mostCallers && told.count === 0) {
        // One more caller than are told apart.
        const others = this.#told.get('') ?? { count: mostOfCaller, address: undefined };
        others.count += 1;
        this.#told.set('', others);
        return;
      }
      told.count += 1;
      this.#told.set(whose, told);
      if (told.count > mostOfCaller) return;
    }
    this.#record({
      by: request.identity,
      proof: request.proof,
      ...(address === undefined ? {} : { address }),
      operation: request.operation,
      ...(request.on.length === 0 ? {} : { on: request.on }),
      outcome,
    });
  }

  #record(what: object): void {
    const at_ms = Date.now();
    const revision = this.#engine?.revision ?? 0;
    const { line, seq, head } = sealed(this.#ownEnd, { at_ms, revision, ...what });
    // What is dropped has its number: the file says which are not there.
    this.#ownEnd = { seq, head };
    this.#own.add(line);
  }

  /** AUDIT-NODE-2. */
  #tellRest(): void {
    for (const [caller, { count, address }] of this.#told) {
      if (count <= mostOfCaller) continue;
      this.#record({
        by: 'holdfast',
        operation: 'refusals_not_recorded',
        caller,
        ...(address === undefined ? {} : { address }),
        count: count - mostOfCaller,
      });
    }
    this.#told.clear();
  }

  // ---- what goes wrong --------------------------------------------------------------------------

  /** AUDIT-NODE-1. */
  get cannotRecord(): boolean {
    if (this.#options.onFailure === 'fail_open' || !this.isOn) return false;
    return this.#changes.isHalfFull || this.#own.isHalfFull;
  }

  #onFailure(error: unknown): void {
    const now = Date.now();
    if (this.#options.onFailure === 'fail_open') this.#changes.stopWaiting();
    if (now - this.#loudMs < loudEveryMs) return;
    this.#loudMs = now;
    this.#options.log.error(
      {
        error: String(error),
        bufferedBytes: this.#changes.bufferedBytes + this.#own.bufferedBytes,
      },
      this.#options.onFailure === 'fail_closed'
        ? 'The audit cannot be written. Changes are refused when half of its buffer is used.'
        : 'The audit cannot be written. Records are dropped when its buffer is full.',
    );
  }

  #onTick(): void {
    if (this.#told.size > 0) this.#tellRest();
    const now = Date.now();
    if (now >= this.#clearUpDueMs) {
      this.#clearUpDueMs = now + clearUpMs;
      this.#changes.clearUp();
      this.#own.clearUp();
    }
    if (now < this.#anchorDueMs) return;
    this.#anchorDueMs = now + this.#options.anchorSeconds * 1000;
    void this.anchor();
  }

  /** AUDIT-NODE-3. Where that fails it is done the next time. */
  async anchor(): Promise<void> {
    // What was dropped is no part of it: after a restart its number is given to another record.
    const { seq, head } = this.#own.end;
    if (!this.isOn || this.#engine === undefined || seq === this.#anchoredSeq) return;
    const before = this.#anchoredSeq;
    this.#anchoredSeq = seq;
    await this.#own.durable();
    await this.#engine
      .submit(
        { type: 'anchor_audit', node: this.#options.nodeId, size: seq, head },
        { identity: 'holdfast' },
      )
      .catch(() => {
        this.#anchoredSeq = before;
      });
  }

  // ---- what is told of it -----------------------------------------------------------------------

  status(): AuditStatus {
    const chains = { changes: this.#changes, node: this.#own };
    return {
      isFailing: this.#changes.isFailing || this.#own.isFailing,
      refusesChanges: this.cannotRecord,
      chains: Object.entries(chains).map(([chain, writer]) => ({
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

  /** Of what is durable in the files of this node. */
  async checkpoint(): Promise<{ readonly notes: readonly string[]; readonly verifierKey: string }> {
    const { clusterId, nodeId } = this.#options;
    const ends = { changes: this.#changes.end, node: this.#own.end };
    await Promise.all([this.#changes.durable(), this.#own.durable()]);
    const folder = join(this.#options.folder, auditFolder);
    const signer = (this.#signer ??= openSigner(folder, `holdfast/${clusterId}/${nodeId}`));
    const notes = (['changes', 'node'] as const).map((chain) =>
      signer.sign(originOf(clusterId, chain, nodeId), ends[chain]),
    );
    return { notes, verifierKey: signer.verifierKey };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#tellRest();
    await Promise.all([this.#changes.close(), this.#own.close()]);
  }
}

/** What a node stands on: its release, its disk, its certificates, the other members. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Engine } from '@holdfast/engine';
import type { NodeAuditing } from '../pipeline/auditing.ts';
import { addAuditStats } from './audit-stats.ts';

export interface DiskSpace {
  /** That this process may use. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** Whose certificate: shown to clients, or to members. */
export type CertificateUse = 'clients' | 'members';

export interface MachineSources {
  readonly auditing?: NodeAuditing | undefined;
  readonly engine: Engine;
  /** Of this build. */
  readonly version: string;
  /** Of the file system with the node's folder. */
  readonly diskSpace?: (() => Promise<DiskSpace>) | undefined;
  /** Lines of the log of this process that could not be written. */
  readonly lostLogLines?: (() => number) | undefined;
  /** When certificates end, as Unix time; absent without TLS. */
  readonly certificateEndsMs?: (() => Readonly<Record<CertificateUse, number>>) | undefined;
}

export function addMachineStats(registers: Registry[], sources: MachineSources): void {
  const { version, diskSpace, certificateEndsMs } = sources;
  new Gauge({
    name: 'holdfast_build_info',
    help: 'Always 1; the label tells the release of this node.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  addDisk(registers, diskSpace);
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Counter({
    name: 'holdfast_log_lines_lost_total',
    help: 'Lines of the log that could not be written: standard error had no space, no reader or an I/O error.',
    registers,
    collect() {
      this.reset();
      this.inc(sources.lostLogLines?.() ?? 0);
    },
  });
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_certificate_not_after_timestamp_seconds',
    help: 'When the certificate that this node shows to clients or to members ends, as Unix time; absent without TLS.',
    labelNames: ['use'],
    registers,
    collect() {
      this.reset();
      if (certificateEndsMs === undefined) return;
      const { clients, members } = certificateEndsMs();
      this.set({ use: 'clients' }, clients / 1000);
      this.set({ use: 'members' }, members / 1000);
    },
  });
  addMembers(registers, sources.engine);
  addAuditStats(registers, sources.auditing);
}

/** A disk that does not answer leaves the other metrics as they are. */
function addDisk(registers: Registry[], diskSpace: MachineSources['diskSpace']): void {
  const gauges = [
    [
      'holdfast_disk_free_bytes',
      'Free bytes of the file system with the folder of this node.',
      ({ freeBytes }: DiskSpace) => freeBytes,
    ],
    [
      'holdfast_disk_size_bytes',
      'Bytes of the file system with the folder of this node.',
      ({ sizeBytes }: DiskSpace) => sizeBytes,
    ],
  ] as const;
  for (const [name, help, read] of gauges)
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Gauge({
      name,
      help,
      registers,
      labelNames: [],
      async collect() {
        this.remove();
        const space = await diskSpace?.().catch(() => undefined);
        if (space !== undefined) this.set(read(space));
      },
    });
}

/** One series a member: there are at most a few. */
function addMembers(registers: Registry[], engine: Engine): void {
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_has_leader',
    help: '1 while this node knows a leader of the cluster.',
    registers,
    collect() {
      this.set(engine.status().leader === null ? 0 : 1);
    },
  });
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_peer_connected',
    help: '1 while this node has a connection to that member.',
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset();
      const { members, nodeId } = engine.status();
      for (const { id, connected } of members)
        if (id !== nodeId) this.set({ peer: id }, connected ? 1 : 0);
    },
  });
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_peer_lag_entries',
    help: 'Log entries that the member is not known to have stored yet, on the leader alone.',
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset();
      const { members, nodeId, leader, lastIndex } = engine.status();
      if (leader !== nodeId) return;
      for (const { id, matchIndex } of members)
        if (id !== nodeId) this.set({ peer: id }, Math.max(0, lastIndex - (matchIndex ?? 0)));
    },
  });
}

/** What the audit of a node has come to, and whether it can be written. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { AuditedChain, NodeAuditing } from '../pipeline/auditing.ts';

export function addAuditStats(registers: Registry[], auditing: NodeAuditing | undefined): void {
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_audit_enabled',
    help: '1 while changes and refusals are recorded.',
    registers,
    collect() {
      this.set(auditing?.isOn === true ? 1 : 0);
    },
  });
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_audit_failing',
    help: '1 while the audit of this node cannot be written.',
    registers,
    collect() {
      const status = auditing?.status();
      this.set(status?.isFailing === true || status?.refusesChanges === true ? 1 : 0);
    },
  });
  // oxlint-disable-next-line no-new -- a metric registers itself.
  new Gauge({
    name: 'holdfast_audit_buffered_bytes',
    help: 'Bytes of the audit that wait for the disk.',
    registers,
    collect() {
      const chains = auditing?.status().chains ?? [];
      this.set(chains.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0));
    },
  });
  const counters = [
    ['records', 'Records of the audit that were taken to be written.', 'records'],
    ['dropped', 'Records of the audit that are in no file of this node.', 'dropped'],
    ['write_failures', 'Writes of the audit that failed.', 'failedWrites'],
  ] as const satisfies readonly (readonly [string, string, keyof AuditedChain])[];
  for (const [name, help, field] of counters)
    // oxlint-disable-next-line no-new -- a metric registers itself.
    new Counter({
      name: `holdfast_audit_${name}_total`,
      help,
      labelNames: ['chain'],
      registers,
      collect() {
        this.reset();
        for (const one of auditing?.status().chains ?? [])
          this.inc({ chain: one.chain }, one[field]);
      },
    });
}

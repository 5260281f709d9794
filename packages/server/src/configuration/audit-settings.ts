/** How a node writes its audit. Whether there is one is a matter of the cluster: "holdfast audit enable". */
import { z } from 'zod';
import type { AuditConfiguration } from '../audit/node-audit.ts';
import type { Setting } from './setting.ts';

const mebibyte = 1024 * 1024;
const bytes = (min: number): z.ZodType =>
  z
    .int()
    .min(min)
    .max(2 ** 50);

export const auditSettings: readonly Setting[] = [
  {
    key: 'audit.on_failure',
    schema: z.enum(['fail_closed', 'fail_open']),
    default: 'fail_closed',
    description:
      'What a node does that cannot write its audit: "fail_closed" refuses changes, and ends before it drops a record; ' +
      '"fail_open" goes on, and says which records are not there.',
  },
  {
    key: 'audit.reads',
    schema: z.boolean(),
    default: false,
    description: 'Whether reads are recorded as well: true or false.',
  },
  {
    key: 'audit.rotate_bytes',
    schema: bytes(4096),
    default: 64 * mebibyte,
    description: 'A file of the audit is turned over once it has so many bytes.',
  },
  {
    key: 'audit.keep_bytes',
    schema: bytes(4096),
    default: 1024 * mebibyte,
    description: 'Bytes of each of the three chains that are kept; the oldest files are deleted.',
  },
  {
    key: 'audit.keep_days',
    schema: z.int().min(0).max(36_500),
    default: 0,
    description: 'Files that were written last longer ago are deleted. 0: by size alone.',
  },
  {
    key: 'audit.buffer_bytes',
    schema: bytes(65_536),
    default: 8 * mebibyte,
    description: 'Bytes of each chain that may wait for the disk.',
  },
  {
    key: 'audit.anchor_seconds',
    schema: z.int().min(1).max(86_400),
    default: 60,
    description:
      'How often the ends of the chains of a node are told to the log of the cluster, where they have changed.',
  },
];

export function readAudit(value: (key: string) => unknown): AuditConfiguration {
  const number = (key: string): number => value(key) as number;
  return {
    onFailure: value('audit.on_failure') as AuditConfiguration['onFailure'],
    reads: value('audit.reads') === true,
    rotateBytes: number('audit.rotate_bytes'),
    keepBytes: number('audit.keep_bytes'),
    keepDays: number('audit.keep_days'),
    bufferBytes: number('audit.buffer_bytes'),
    anchorSeconds: number('audit.anchor_seconds'),
  };
}

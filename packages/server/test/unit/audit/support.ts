/** Chains that a test makes, and a disk that fails when it says so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ChainWriter } from '../../../src/audit/chain-writer.ts';
import type { AuditFile } from '../../../src/audit/chain-file.ts';
import type { ChainWriterOptions } from '../../../src/audit/chain-writer.ts';
import { chainStart, sealed } from '../../../src/audit/lines.ts';
import type { ChainEnd } from '../../../src/audit/lines.ts';

export function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-audit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** As the log of a cluster tells them: the same each time. */
export function recordsOf(
  count: number,
  after: ChainEnd = chainStart,
  tell = (at: number): object => ({ operation: 'acquire', on: [`lock/${String(at)}`] }),
): readonly string[] {
  const lines: string[] = [];
  let end = after;
  for (let at = 1; at <= count; at++) {
    const { line, ...next } = sealed(end, tell(end.seq + 1));
    lines.push(line);
    end = next;
  }
  return lines;
}

/** `ENOSPC` from a moment on; the first bytes of a failing write are written all the same. */
export class FullDisk {
  isFull = false;

  readonly openFile = async (path: string): Promise<AuditFile> => {
    const handle = await open(path, 'r+');
    return {
      datasync: () => handle.datasync(),
      truncate: (bytes?: number) => handle.truncate(bytes),
      close: () => handle.close(),
      write: (async (bytes: Buffer, at: number, length: number, position: number) => {
        if (!this.isFull) return handle.write(bytes, at, length, position);
        await handle.write(bytes, at, Math.min(length, 20), position);
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      }) as AuditFile['write'],
    };
  };
}

export function writerIn(folder: string, more: Partial<ChainWriterOptions> = {}): ChainWriter {
  return new ChainWriter({
    folder,
    chain: 'changes',
    cluster: 'c',
    node: 'n1',
    rotateBytes: 1 << 20,
    keepBytes: 1 << 30,
    keepMs: 0,
    bufferBytes: 1 << 20,
    isSynced: false,
    onFailure: () => undefined,
    ...more,
  });
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { download } from '../../src/backup/download.ts';
import { wantedHash } from '../../src/backup/hash-file.ts';
import { progressLines } from '../../src/backup/progress.ts';
import { UsageError } from '../../src/failure.ts';

const bytes = Buffer.from('a backup of some bytes\n'.repeat(1000));
const hash = createHash('sha256').update(bytes).digest('hex');
const nothingTold = (): void => undefined;

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-download-'));
  file = join(home, 'backup');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A node that tells the hash of the backup and sends this. */
async function sending(
  body: Uint8Array,
  act: (url: string) => Promise<void>,
  isCut = false,
): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      'content-length': String(bytes.byteLength),
      'holdfast-cluster-id': 'shop',
      'holdfast-snapshot-index': '12',
      'holdfast-snapshot-hash': hash,
    });
    response.write(body, () => (isCut ? response.destroy() : response.end()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await act(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const fetchInto = (url: string): ReturnType<typeof download> =>
  download([url], file, nothingTold, new AbortController().signal);

describe('A backup that is fetched (DOWN-1)', () => {
  it('is there with its hash beside it, for its owner alone', async () => {
    await sending(bytes, async (url) => {
      const told = await fetchInto(url);
      assert.deepEqual(told, {
        url,
        clusterId: 'shop',
        index: 12,
        hash,
        byteLength: bytes.byteLength,
      });
    });
    assert.deepEqual(readFileSync(file), bytes);
    assert.equal(readFileSync(`${file}.sha256`, 'utf8'), `${hash}  backup\n`);
    for (const name of readdirSync(home))
      assert.equal(statSync(join(home, name)).mode & 0o777, 0o600);
    assert.equal(wantedHash(file, undefined), hash);
  });

  it('leaves nothing where what came is not what the node told of', async () => {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(0, 100);
    await sending(changed, async (url) => {
      await assert.rejects(fetchInto(url), /is not its backup.*Nothing was kept/);
    });
    await sending(
      bytes.subarray(0, 5000),
      async (url) => {
        await assert.rejects(fetchInto(url), /broke off after \d+ of \d+ bytes/);
      },
      true,
    );
    assert.deepEqual(readdirSync(home), []);
  });

  it('takes the next node where one does not answer, and no file that is there', async () => {
    await sending(bytes, async (url) => {
      const stop = new AbortController().signal;
      await download(['http://127.0.0.1:1', url], file, nothingTold, stop);
      await assert.rejects(fetchInto(url), UsageError);
    });
    assert.ok(existsSync(file));
    await assert.rejects(
      download(
        ['http://127.0.0.1:1'],
        join(home, 'other'),
        nothingTold,
        new AbortController().signal,
      ),
      (error) => error instanceof HoldfastError && error.code === 'connection_lost',
    );
  });
});

describe('The hash of a backup', () => {
  it('is the one that is given, else that beside it, else none; what is no hash is refused', () => {
    assert.equal(wantedHash(file, undefined), undefined);
    writeFileSync(`${file}.sha256`, `${hash}  elsewhere/backup\n`);
    assert.equal(wantedHash(file, undefined), hash);
    const other = 'AB'.repeat(32);
    assert.equal(wantedHash(file, other), other.toLowerCase());
    assert.throws(() => wantedHash(file, 'abc'), UsageError);
    writeFileSync(`${file}.sha256`, '');
    assert.throws(() => wantedHash(file, undefined), UsageError);
  });
});

describe('Progress', () => {
  it('is a line every two seconds, as text or as JSON', () => {
    const told: string[] = [];
    let nowMs = 0;
    const target = { write: (text: string) => told.push(text) };
    const say = progressLines(false, target, () => nowMs);
    const sayJson = progressLines(true, target, () => nowMs);
    const mebibyte = 1024 * 1024;
    for (; nowMs <= 4000; nowMs += 500) say('received', nowMs * mebibyte, 8000 * mebibyte);
    sayJson('read', 1, 3);
    assert.deepEqual(told, [
      'holdfast: received: 2000.0 of 8000.0 MiB (25 %)\n',
      'holdfast: received: 4000.0 of 8000.0 MiB (50 %)\n',
      '{"progress":{"phase":"read","bytes":1,"total_bytes":3}}\n',
    ]);
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs, {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { HoldfastError } from '@holdfast/protocol';
import { DiskError } from '@holdfast/storage';
import { download } from '../../src/backup/download.ts';
import { formerCluster, wantedHash } from '../../src/backup/hash-file.ts';
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

/** A node that tells the hash of the backup and sends this; it answers below `path` alone. */
async function sending(
  body: Uint8Array,
  act: (url: string) => Promise<void>,
  isCut = false,
  path = '',
  longestSeconds = 60,
): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url !== `${path}/cluster/snapshot`) {
      response.writeHead(404).end('{}');
      return;
    }
    response.writeHead(200, {
      'content-length': String(bytes.byteLength),
      'holdfast-cluster-id': 'shop',
      'holdfast-snapshot-index': '12',
      'holdfast-snapshot-hash': hash,
      'holdfast-snapshot-longest-seconds': String(longestSeconds),
    });
    response.write(body, () => (isCut ? response.destroy() : response.end()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await act(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}${path}`);
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
    assert.equal(formerCluster(file), 'shop');
    assert.equal(formerCluster(join(home, 'of before')), undefined);
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

  it('that the node cut off because it was read too slowly says so, and one that broke off before does not', async () => {
    for (const [longestSeconds, message] of [
      [
        0.00001,
        /broke off .* gives a backup of this size 0\.00001 s, and they were over\. Read it faster/,
      ],
      [60, /broke off after \d+ of \d+ bytes\.$/],
    ] as const)
      await sending(
        bytes.subarray(0, 5000),
        (url) => assert.rejects(fetchInto(url), { code: 'connection_lost', message }),
        true,
        '',
        longestSeconds,
      );
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

describe('A backup of the next node (DOWN-2)', () => {
  const from = (...urls: readonly string[]): ReturnType<typeof download> =>
    download(urls, file, nothingTold, new AbortController().signal).catch((error: unknown) =>
      assert.fail(`It was not fetched: ${String(error)}`),
    );

  it('is fetched where one breaks off, or sends something else', async () => {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(0, 100);
    const [cut, other] = [bytes.subarray(0, 5000), changed];
    await sending(bytes, async (good) => {
      for (const [wrong, isCut] of [
        [cut, true],
        [other, false],
      ] as const) {
        await sending(
          wrong,
          async (bad) => {
            const { url } = await from(bad, good);
            assert.equal(url, good);
          },
          isCut,
        );
        assert.deepEqual(readdirSync(home), ['backup', 'backup.cluster', 'backup.sha256']);
        assert.deepEqual(readFileSync(file), bytes);
        for (const name of readdirSync(home)) rmSync(join(home, name));
      }
    });
  });

  it('is not asked for where the disk refuses', async () => {
    file = join(home, 'no folder', 'backup');
    await sending(bytes, async (url) => {
      let told = 0;
      const stop = new AbortController().signal;
      await assert.rejects(
        download([url, 'http://127.0.0.1:1'], file, () => (told += 1), stop),
        (error) => error instanceof DiskError && error.systemCode === 'ENOENT',
      );
      assert.equal(told, 0);
    });
  });

  it('is asked for below the path of its endpoint (ENDPOINT-1)', async () => {
    await sending(
      bytes,
      async (url) => {
        assert.match(url, /\/holdfast\/a$/);
        await from(url);
      },
      false,
      '/holdfast/a',
    );
    assert.deepEqual(readFileSync(file), bytes);
  });
});

describe('A backup of a node that tells one thing and sends another (DOWN-6)', () => {
  /** What it answers, with the head of a backup. */
  async function answering(
    answer: (response: ServerResponse, request: IncomingMessage) => void,
    act: (url: string) => Promise<void>,
  ): Promise<void> {
    const server = createServer((request, response) => {
      response.setHeader('holdfast-snapshot-index', '12');
      response.setHeader('holdfast-snapshot-hash', hash);
      answer(response, request);
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

  it('takes no more time than that and a margin, though bytes come all the time', async () => {
    const patience = 1000;
    let writes = 0;
    await answering(
      (response) => {
        response.setHeader('content-length', '1000000');
        response.setHeader('holdfast-snapshot-longest-seconds', '0.05');
        const timer = setInterval(() => {
          response.write('x');
          writes += 1;
          if (writes === patience) response.destroy();
        }, 5);
        response.once('close', () => clearInterval(timer));
      },
      async (url) => {
        const stop = new AbortController().signal;
        await assert.rejects(download([url], file, nothingTold, stop, 50), /and they were over/);
      },
    );
    assert.ok(writes < patience, 'the reader ends it');
    assert.deepEqual(readdirSync(home), []);
  });

  it('is asked for as it is, and takes no more bytes than were told', async () => {
    const packed = gzipSync(bytes);
    let asked: string | string[] | undefined;
    let told = 0;
    await answering(
      (response, request) => {
        asked = request.headers['accept-encoding'];
        response.setHeader('content-encoding', 'gzip');
        response.setHeader('content-length', String(packed.byteLength));
        response.end(packed);
      },
      async (url) => {
        const onProgress = (_phase: string, received: number): void => {
          told = Math.max(told, received);
        };
        const stop = new AbortController().signal;
        await assert.rejects(download([url], file, onProgress, stop), /is not its backup/);
      },
    );
    assert.equal(asked, 'identity');
    assert.ok(told <= packed.byteLength, String(told));
    assert.deepEqual(readdirSync(home), []);
  });

  it('says which header is missing', async () => {
    await answering(
      (response) => response.write('x', () => response.end()),
      (url) => assert.rejects(fetchInto(url), /not the header Content-Length.*Ask the node itself/),
    );
  });
});

describe('The file of a backup', () => {
  it('does not take the place of one that is made meanwhile (DOWN-5)', async () => {
    await sending(bytes, async (url) => {
      const other = (): void => writeFileSync(file, 'of somebody else');
      const stop = new AbortController().signal;
      await assert.rejects(download([url], file, other, stop), /is there already/);
    });
    assert.equal(readFileSync(file, 'utf8'), 'of somebody else');
    assert.deepEqual(readdirSync(home), ['backup']);
  });

  it('is made anew where a process was killed before it had its name (DOWN-4)', async () => {
    writeFileSync(`${file}.sha256`, 'of before');
    await sending(bytes, async (url) => {
      // A hash alone is somebody's
      await assert.rejects(fetchInto(url), /backup\.sha256 is there already/);
      writeFileSync(`${file}.partial`, 'of before');
      await fetchInto(url);
    });
    assert.deepEqual(readdirSync(home), ['backup', 'backup.cluster', 'backup.sha256']);
    assert.equal(readFileSync(`${file}.sha256`, 'utf8'), `${hash}  backup\n`);
  });

  it('is a new one, whatever had its name until it is whole (DOWN-3)', async () => {
    const elsewhere = join(home, 'elsewhere');
    writeFileSync(elsewhere, 'of somebody else', { mode: 0o644 });
    const lay = [
      () => writeFileSync(`${file}.partial`, 'x'.repeat(100_000), { mode: 0o644 }),
      () => symlinkSync(elsewhere, `${file}.partial`),
    ];
    for (const before of lay) {
      before();
      await sending(bytes, async (url) => {
        await fetchInto(url);
      });
      const { mode } = lstatSync(file);
      assert.equal(mode & 0o777, 0o600);
      assert.ok(lstatSync(file).isFile());
      assert.deepEqual(readFileSync(file), bytes);
      assert.equal(readFileSync(elsewhere, 'utf8'), 'of somebody else');
      for (const path of [file, `${file}.sha256`, `${file}.cluster`]) rmSync(path);
    }
  });

  it('is not that of another backup which is made meanwhile (DOWN-1)', async () => {
    await sending(bytes, async (url) => {
      const replace = (): void => {
        rmSync(`${file}.partial`);
        writeFileSync(`${file}.partial`, 'the beginning of another');
      };
      await assert.rejects(
        download([url], file, replace, new AbortController().signal),
        /was replaced while it was written/,
      );
    });
    assert.ok(!existsSync(file) && !existsSync(`${file}.sha256`));
  });

  it('never stays without its hash, whichever sync fails (DOWN-4)', async (t) => {
    await sending(bytes, async (url) => {
      for (let failing = 1; failing <= 5; failing++) {
        let syncs = 0;
        const mocked = t.mock.method(fs, 'fsyncSync', () => {
          syncs += 1;
          if (syncs !== failing) return;
          // What is named by then has its hash beside it, which has its name for good
          if (existsSync(file)) assert.ok(existsSync(`${file}.sha256`) && failing === 5);
          throw Object.assign(new Error('EIO: i/o error, fsync'), {
            code: 'EIO',
            syscall: 'fsync',
          });
        });
        syncBuiltinESMExports();
        try {
          await assert.rejects(fetchInto(url), DiskError);
        } finally {
          mocked.mock.restore();
          syncBuiltinESMExports();
        }
        assert.equal(syncs, failing);
        assert.deepEqual(readdirSync(home), [], `sync ${String(failing)} failed`);
      }
    });
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

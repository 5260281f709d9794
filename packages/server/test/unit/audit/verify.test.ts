/** What `holdfast audit verify` finds (AUDIT-VERIFY-1). */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { missingRecords, verifyFolders } from '../../../src/audit/compare.ts';
import { endOf, sealed } from '../../../src/audit/lines.ts';
import { openSigner, readCheckpoint } from '../../../src/audit/notes.ts';
import { verifyChain } from '../../../src/audit/verify.ts';
import { newFolder, recordsOf, writerIn } from './support.ts';

async function written(
  t: TestContext,
  lines: readonly string[],
  more: Parameters<typeof writerIn>[1] = {},
): Promise<string> {
  const folder = newFolder(t);
  const writer = writerIn(folder, more);
  for (const line of lines) writer.add(line);
  await writer.close();
  return folder;
}

/** Changes the lines of the only file. */
function edit(folder: string, change: (lines: string[]) => readonly string[]): void {
  const [name = ''] = readdirSync(folder);
  const path = join(folder, name);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  writeFileSync(path, `${change(lines).join('\n')}\n`);
}

const swapped = (lines: string[], a: number, b: number): string[] => {
  const other = [...lines];
  [other[a], other[b]] = [other[b] ?? '', other[a] ?? ''];
  return other;
};

/** Line 0 tells of the file: record 5 is line 5. */
const edits: readonly (readonly [
  string,
  (lines: string[]) => readonly string[],
  string,
  number,
])[] = [
  [
    'altered',
    (lines) => lines.map((line, at) => (at === 5 ? line.replace('lock/5', 'lock/x') : line)),
    'altered',
    5,
  ],
  [
    'given another hash',
    (lines) =>
      lines.map((line, at) => (at === 5 ? line.replace(/[0-9a-f]{64}/, 'a'.repeat(64)) : line)),
    'altered',
    5,
  ],
  ['taken out', (lines) => lines.filter((_, at) => at !== 5), 'missing', 5],
  ['moved', (lines) => swapped(lines, 5, 6), 'missing', 5],
  [
    'put in twice',
    (lines) => lines.flatMap((line, at) => (at === 5 ? [line, line] : [line])),
    'reordered',
    5,
  ],
  [
    'replaced by a part of itself',
    (lines) => lines.map((line, at) => (at === 5 ? line.slice(3) : line)),
    'not_a_record',
    5,
  ],
  [
    'made anew without what comes after',
    (lines) =>
      lines.map((line, at) =>
        at === 5 ? sealed(endOf(lines[4] ?? ''), { operation: 'other' }).line : line,
      ),
    'altered',
    6,
  ],
];

describe('a record that was', () => {
  for (const [name, change, what, seq] of edits)
    test(`${name} is found`, async (t) => {
      const folder = await written(t, recordsOf(10));
      edit(folder, change);
      const { problem } = await verifyChain(folder, 'changes');
      assert.deepEqual([problem?.what, problem?.seq], [what, seq]);
    });

  test('at the end is found by a checkpoint, by an anchor, and by another node', async (t) => {
    const lines = recordsOf(10);
    const folder = await written(t, lines);
    const signer = await openSigner(newFolder(t), 'holdfast/c/n1');
    const note = signer.sign('holdfast/c/changes', endOf(lines[9] ?? ''));
    const kept = { path: 'kept.txt', note };
    const [whole] = await verifyFolders([folder], [kept], signer.verifierKey);
    assert.equal(whole?.problem, undefined);
    edit(folder, (all) => all.slice(0, 8));
    const [short] = await verifyFolders([folder], [kept], signer.verifierKey);
    assert.deepEqual([short?.problem?.what, short?.problem?.seq], ['shortened', 8]);
  });
});

describe('a file that says that records are not there', () => {
  const forged = async (
    t: TestContext,
    chain: 'changes' | 'node',
    reason: string,
  ): Promise<string> => {
    const lines = recordsOf(10);
    const folder = await written(t, lines, { chain });
    const gap = (head: string, to: number): string => JSON.stringify({ gap: reason, to, head });
    // Record 6 is another one, and its neighbours are said not to be there.
    const { line } = sealed({ seq: 5, head: 'a'.repeat(64) }, { operation: 'forged' });
    edit(folder, (all) => [
      ...all.slice(0, 5),
      gap('a'.repeat(64), 5),
      line,
      gap(endOf(all[7] ?? '').head, 7),
      ...all.slice(8),
    ]);
    return folder;
  };

  test('is believed by nobody in the chain of a node, where no snapshot takes the place of a record', async (t) => {
    const { problem } = await verifyChain(await forged(t, 'node', 'snapshot'), 'node');
    assert.deepEqual([problem?.what, problem?.seq], ['missing', 5]);
  });

  test('is not believed of a record that an anchor or a checkpoint knows', async (t) => {
    const folder = await forged(t, 'node', 'dropped');
    const signer = await openSigner(newFolder(t), 'holdfast/c/n1');
    const node = await written(t, recordsOf(1), { chain: 'changes' });
    const [name = ''] = readdirSync(node);
    writeFileSync(join(folder, name), readFileSync(join(node, name)));
    const lines = recordsOf(10);
    const verify = async (seq: number): Promise<unknown> => {
      const note = signer.sign('holdfast/c/node/n1', endOf(lines[seq - 1] ?? ''));
      const found = await verifyFolders([folder], [{ path: 'kept.txt', note }], signer.verifierKey);
      const problem = found.find(({ chain }) => chain === 'node')?.problem;
      return [problem?.what, problem?.seq];
    };
    assert.deepEqual(await verify(5), ['different', 5]);
    assert.deepEqual(await verify(6), ['different', 6]);
    assert.deepEqual(await verify(7), [undefined, undefined]);
  });
});

describe('chains of several nodes', () => {
  test('are the same up to where the shorter one ends', async (t) => {
    const lines = recordsOf(10);
    const a = await written(t, lines);
    const b = await written(t, lines.slice(0, 6), { node: 'n2' });
    const found = await verifyFolders([a, b], [], undefined);
    assert.deepEqual(
      found.map(({ problem }) => problem),
      found.map(() => undefined),
    );
  });

  test('that were made anew by somebody are found by the first other record', async (t) => {
    const a = await written(t, recordsOf(10));
    const forged = recordsOf(10, undefined, (at) => ({
      operation: 'acquire',
      on: [at < 7 ? `lock/${String(at)}` : 'lock/forged'],
    }));
    const b = await written(t, forged, { node: 'n2' });
    const found = await verifyFolders([a, b], [], undefined);
    const problems = found.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
    assert.deepEqual(
      problems.map(({ what, seq }) => [what, seq]),
      [['different', 7]],
    );
  });

  test('know by the log how far the records of a node had come (AUDIT-NODE-3)', async (t) => {
    const folder = newFolder(t);
    const own = recordsOf(8, undefined, () => ({
      operation: 'authenticate',
      outcome: 'unauthorized',
    }));
    const { seq, head } = endOf(own[5] ?? '');
    const anchor = { operation: 'anchor_audit', node: 'n1', size: seq, head };
    const node = writerIn(folder, { chain: 'node' });
    for (const line of own) node.add(line);
    await node.close();
    const changes = writerIn(folder);
    for (const line of recordsOf(3, undefined, (at) => (at === 2 ? anchor : { at })))
      changes.add(line);
    await changes.close();
    assert.deepEqual(
      (await verifyFolders([folder], [], undefined)).map(({ problem }) => problem),
      [undefined, undefined, undefined],
    );
    const path = join(folder, 'node-0000000000000001.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, `${lines.slice(0, 5).join('\n')}\n`);
    const [, short] = await verifyFolders([folder], [], undefined);
    assert.deepEqual(
      [short?.chain, short?.problem?.what, short?.problem?.seq],
      ['node', 'shortened', 5],
    );
  });
});

describe('the chains of a node', () => {
  /** With the name of the node in each record, as the audit of a node makes them. */
  async function own(t: TestContext, through: number): Promise<string> {
    const folder = newFolder(t);
    const requests = recordsOf(through, undefined, (at) => ({ node: 'n1', at }));
    const { seq: size, head } = endOf(requests.at(-1) ?? '');
    const anchor = { node: 'n1', operation: 'anchor_requests', size, head };
    const chains = { node: recordsOf(3, undefined, () => anchor), requests, changes: recordsOf(2) };
    for (const [chain, lines] of Object.entries(chains)) {
      const writer = writerIn(folder, { chain: chain as keyof typeof chains });
      for (const line of lines) writer.add(line);
      await writer.close();
    }
    return folder;
  }

  const problems = async (
    ...given: Parameters<typeof verifyFolders>
  ): Promise<readonly (readonly unknown[])[]> =>
    (await verifyFolders(...given)).flatMap(({ chain, problem }) =>
      problem === undefined ? [] : [[chain, problem.what, problem.seq]],
    );

  function rename(folder: string, chains: readonly string[]): void {
    for (const name of readdirSync(folder)) {
      if (!chains.some((chain) => name.startsWith(chain))) continue;
      const text = readFileSync(join(folder, name), 'utf8');
      writeFileSync(join(folder, name), text.replace('"node":"n1"', '"node":"n9"'));
    }
  }

  test('know by each other how far they had come (AUDIT-NODE-3)', async (t) => {
    const folder = await own(t, 6);
    assert.deepEqual(await problems([folder], [], undefined), []);
    const path = join(folder, 'requests-0000000000000001.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, `${lines.slice(0, 4).join('\n')}\n`);
    assert.deepEqual(await problems([folder], [], undefined), [['requests', 'shortened', 4]]);
  });

  test('cannot be passed off as those of another node (AUDIT-LINE-2)', async (t) => {
    const folder = await own(t, 6);
    rename(folder, ['node', 'requests', 'changes']);
    assert.deepEqual(await problems([folder], [], undefined), [
      ['node', 'different', 1],
      ['requests', 'different', 1],
    ]);
  });

  test('are those of the node whose changes stand beside them', async (t) => {
    const folder = await own(t, 6);
    rename(folder, ['changes']);
    assert.deepEqual(await problems([folder], [], undefined), [
      ['node', 'different', 1],
      ['requests', 'different', 1],
    ]);
  });

  test('are missed where a checkpoint tells of them, and no folder is of their node (AUDIT-VERIFY-1)', async (t) => {
    const signer = await openSigner(newFolder(t), 'holdfast/c/n2');
    const end = endOf(recordsOf(3)[2] ?? '');
    const note = signer.sign('holdfast/c/node/n2', end);
    const folder = await own(t, 6);
    assert.deepEqual(await problems([folder], [{ path: 'kept', note }], signer.verifierKey), [
      ['node', 'missing', 1],
    ]);
  });
});

test('two long chains are compared side by side, and gaps in either (AUDIT-VERIFY-2)', async (t) => {
  const lines = recordsOf(30);
  const whole = await written(t, lines);
  const other = [
    ...lines.slice(0, 20),
    ...recordsOf(10, endOf(lines[19] ?? ''), (at) => ({ at, forged: at === 25 })),
  ];
  const differing = await written(t, other);
  const gapped = newFolder(t);
  const writer = writerIn(gapped);
  for (const line of lines.slice(0, 3)) writer.add(line);
  writer.goOnFrom(endOf(lines[9] ?? ''));
  for (const line of lines.slice(10)) writer.add(line);
  await writer.close();
  const all = await verifyFolders([gapped, whole, differing], [], undefined);
  assert.deepEqual(
    all.slice(0, 3).map(({ problem }) => problem?.seq),
    [undefined, undefined, 21],
  );
});

describe('a checkpoint', () => {
  test('is not signed by a key that was cut off, which is neither replaced nor told of (NOTE-2)', async (t) => {
    const folder = newFolder(t);
    const { verifierKey } = await openSigner(folder, 'holdfast/c/n1');
    const path = join(folder, 'checkpoint-key.pem');
    assert.deepEqual(readdirSync(folder), ['checkpoint-key.pem']);
    const whole = readFileSync(path, 'utf8');
    for (const length of [0, 10, 60, whole.length - 40]) {
      writeFileSync(path, whole.slice(0, length));
      await assert.rejects(
        openSigner(folder, 'holdfast/c/n1'),
        (error: Error) =>
          /is no whole Ed25519 key.*move it away/.test(error.message) &&
          !error.message.includes(whole.slice(30, 50)),
      );
      assert.equal(readFileSync(path, 'utf8'), whole.slice(0, length));
    }
    writeFileSync(path, whole);
    // What a crash left of a key that never had its name is no key.
    writeFileSync(`${path}.partial`, whole.slice(0, 20));
    assert.equal((await openSigner(folder, 'holdfast/c/n1')).verifierKey, verifierKey);
  });

  test('is signed by a key that is written beside its name before it has it (NOTE-2)', async (t) => {
    const folder = newFolder(t);
    mkdirSync(join(folder, 'checkpoint-key.pem.partial'));
    await assert.rejects(openSigner(folder, 'holdfast/c/n1'), /EISDIR/);
    assert.ok(!readdirSync(folder).includes('checkpoint-key.pem'));
  });

  test('is a signed note that tells origin, size and hash, and is refused when altered (NOTE-1)', async (t) => {
    const folder = newFolder(t);
    const signer = await openSigner(folder, 'holdfast/c/n1');
    const end = endOf(recordsOf(4)[3] ?? '');
    const note = signer.sign('holdfast/c/changes', end);
    assert.match(note, /^holdfast\/c\/changes\n4\n[A-Za-z0-9+/]{43}=\n\n— holdfast\/c\/n1 \S+\n$/);
    assert.deepEqual(readCheckpoint(note, signer.verifierKey), {
      origin: 'holdfast/c/changes',
      end,
    });
    assert.throws(
      () => readCheckpoint(note.replace('\n4\n', '\n3\n'), signer.verifierKey),
      /was altered/,
    );
    mkdirSync(join(folder, 'other'));
    const other = await openSigner(join(folder, 'other'), 'holdfast/c/n1');
    assert.throws(() => readCheckpoint(note, other.verifierKey), /no signature of/);
    // The key is kept: what was signed before a restart is checked by the same one.
    assert.equal((await openSigner(folder, 'holdfast/c/n1')).verifierKey, signer.verifierKey);
  });
});

describe('records that a file says it has not', () => {
  const chain = (first: number, last: number, gap?: readonly [from: number, to: number]) => ({
    chain: 'changes' as const,
    cluster: 'c',
    node: 'n',
    folder: 'f',
    first,
    end: { seq: last, head: 'h' },
    records: last - first + 1,
    gaps: gap === undefined ? [] : [{ from: gap[0], to: gap[1], head: 'g', reason: 'snapshot' }],
    problem: undefined,
  });

  test('are missing where no other folder has them', () => {
    assert.equal(missingRecords([chain(1, 20, [5, 9])]), 5);
    assert.equal(missingRecords([chain(1, 20, [5, 9]), chain(1, 20)]), 0);
    assert.equal(missingRecords([chain(1, 20, [5, 9]), chain(7, 20)]), 5);
    assert.equal(missingRecords([chain(1, 20, [5, 9]), chain(1, 20, [9, 12])]), 9);
    // Nothing behind them proves that they were those.
    assert.equal(missingRecords([chain(1, 9, [5, 9]), chain(1, 20)]), 5);
  });

  test('are missing in the chain of a node, which nobody else has', () => {
    const own = { ...chain(1, 20, [5, 9]), chain: 'node' as const };
    assert.equal(missingRecords([own, { ...chain(1, 20), chain: 'node' as const }]), 5);
  });
});

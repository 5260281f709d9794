/** What metrics tell of a node's disk, certificates and peers, and of what takes it time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startHarness } from '../../harness.ts';
import type { Harness } from '../../harness.ts';

const metrics = async ({ request }: Harness): Promise<string> =>
  (await request('GET', '/metrics')).text;

test('the leader tells how far each member is behind, other nodes do not', async (t) => {
  const harness = startHarness(t);
  const { engine } = harness;
  await harness.session();
  const { lastIndex } = engine.status();
  assert.ok(lastIndex > 0);
  const [own = assert.fail()] = engine.members;
  engine.members = [
    own,
    { ...own, id: 'b', matchIndex: lastIndex - 1, connected: true },
    { ...own, id: 'c', matchIndex: null, connected: false },
  ];
  const led = await metrics(harness);
  assert.match(led, /^holdfast_peer_lag_entries\{peer="b"\} 1$/m);
  assert.match(
    led,
    new RegExp(`^holdfast_peer_lag_entries\\{peer="c"\\} ${String(lastIndex)}$`, 'm'),
  );
  assert.match(led, /^holdfast_peer_connected\{peer="b"\} 1$/m);
  assert.match(led, /^holdfast_peer_connected\{peer="c"\} 0$/m);
  assert.match(led, /^holdfast_has_leader 1$/m);
  assert.doesNotMatch(led, /peer="node-1"/);

  engine.leader = 'b';
  engine.members = [own, { ...own, id: 'b', matchIndex: null }];
  const followed = await metrics(harness);
  assert.doesNotMatch(followed, /^holdfast_peer_lag_entries\{/m);
  assert.doesNotMatch(followed, /peer="c"/);
  engine.leader = null;
  assert.match(await metrics(harness), /^holdfast_has_leader 0$/m);
});

test('disk and certificates are told where they are known', async (t) => {
  const known = startHarness(t, {
    diskSpace: () => Promise.resolve({ freeBytes: 7, sizeBytes: 9 }),
    lostLogLines: () => 3,
    certificateEndsMs: () => ({ clients: 1_900_000_000_000, members: 1_800_000_000_500 }),
  });
  const told = await metrics(known);
  assert.match(told, /^holdfast_disk_free_bytes 7$/m);
  assert.match(told, /^holdfast_disk_size_bytes 9$/m);
  assert.match(told, /^holdfast_log_lines_lost_total 3$/m);
  const ends = 'holdfast_certificate_not_after_timestamp_seconds';
  assert.match(told, new RegExp(`^${ends}\\{use="clients"\\} 1900000000$`, 'm'));
  assert.match(told, new RegExp(`^${ends}\\{use="members"\\} 1800000000.5$`, 'm'));
  assert.match(told, /^holdfast_build_info\{version="9.9.9"\} 1$/m);

  const failing = startHarness(t, { diskSpace: () => Promise.reject(new Error('no such disk')) });
  for (const harness of [startHarness(t), failing]) {
    const text = await metrics(harness);
    assert.doesNotMatch(text, /^holdfast_disk_\w+ /m);
    assert.doesNotMatch(text, new RegExp(`^${ends}\\{`, 'm'));
    assert.match(text, /^holdfast_is_leader 1$/m);
  }
});

test('durable writes, entries and snapshots are counted with their durations', async (t) => {
  const harness = startHarness(t);
  for (const listener of harness.engine.timingListeners) {
    listener('durable_write', 0.003);
    listener('apply', 0.0003);
    listener('snapshot', 0.3);
  }
  const text = await metrics(harness);
  for (const [name, below, seconds] of [
    ['storage_commit', '0.002', '0.003'],
    ['apply', '0.0001', '0.0003'],
    ['snapshot', '0.25', '0.3'],
  ] as const) {
    assert.match(text, new RegExp(`^holdfast_${name}_duration_seconds_sum ${seconds}$`, 'm'));
    assert.match(
      text,
      new RegExp(`^holdfast_${name}_duration_seconds_bucket\\{le="${below}"\\} 0$`, 'm'),
    );
    assert.match(text, new RegExp(`^holdfast_${name}_duration_seconds_count 1$`, 'm'));
  }
  await harness.built.close();
  assert.equal(harness.engine.timingListeners.size, 0);
});

test('acquires that may wait are counted, granted or not; those that may not are not', async (t) => {
  const harness = startHarness(t);
  const counted = async (): Promise<string | undefined> =>
    /^holdfast_acquire_wait_duration_seconds_count (\d+)$/m.exec(await metrics(harness))?.[1];
  const session = await harness.session();
  const other = await harness.session();
  await harness.acquire(session, 'a');
  assert.equal(await counted(), '0');
  const path = `/sessions/${other}/locks`;
  assert.equal((await harness.request('POST', `${path}/b`, { wait_seconds: 1 })).status, 200);
  assert.equal(await counted(), '1');
  const waiting = harness.request('POST', `${path}/a`, { wait_seconds: 1 });
  while (harness.built.service.waiting.count === 0)
    await new Promise((resolve) => setImmediate(resolve));
  harness.engine.advance(2000);
  assert.equal((await waiting).status, 409);
  assert.equal(await counted(), '2');
});

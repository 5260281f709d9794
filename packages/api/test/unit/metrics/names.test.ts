/** The names of metrics, as Prometheus has them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { startHarness } from '../../harness.ts';

/** Those of the service that this one takes the place of; they stay as they are. */
const ofBefore = [
  'lock_acquisitions_total',
  'lock_acquisition_duration_seconds',
  'active_locks_gauge',
  'leader_elections_total',
  'consensus_commit_latency_seconds',
];

const promtool = process.env['PROMTOOL'] ?? 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;

test('all metrics begin with holdfast_, but for five names', async (t) => {
  const { request } = startHarness(t);
  const { text } = await request('GET', '/metrics');
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
  }));
  const others = names.filter(({ name }) => !name.startsWith('holdfast_'));
  assert.deepEqual(others.map(({ name }) => name).sort(), [...ofBefore].sort());
  for (const { name, type } of names)
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
});

test('requests are counted by method and declared path, whatever is asked for', async (t) => {
  const { request } = startHarness(t);
  await request('GET', '/locks/a%2Fb/status');
  await request('GET', '/no/such/path');
  const { text } = await request('GET', '/metrics');
  const count = (labels: string): RegExp =>
    new RegExp(`^holdfast_http_request_duration_seconds_count\\{${labels}\\} 1$`, 'm');
  assert.match(text, count('method="GET",route="/locks/\\{name\\}/status",status="200"'));
  assert.match(text, count('method="GET",route="unknown",status="404"'));
});

test('promtool finds nothing to say, but for those five', async (t) => {
  if (!hasPromtool) {
    assert.equal(process.env['REQUIRE_PROGRAMS'], undefined, 'There is no promtool.');
    t.skip('There is no promtool here: install the Debian package prometheus.');
    return;
  }
  const { request } = startHarness(t);
  const { text } = await request('GET', '/metrics');
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  const told = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  assert.ok(status === 0 || status === 3, `promtool could not read them: ${told.join('\n')}`);
  const about = told.filter((line) => !ofBefore.some((name) => line.startsWith(`${name} `)));
  assert.deepEqual(about, []);
});

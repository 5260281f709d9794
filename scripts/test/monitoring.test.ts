/** Alert rules, the dashboard and the runbooks name what there is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = new URL('../../', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const promtool = process.env['PROMTOOL'] ?? 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;

/** As docs/metrics.md lists them, which is made from the code, and those of the process and of Prometheus. */
function isMetric(name: string): boolean {
  const plain = name.replace(/_(?:bucket|sum|count)$/, '');
  return (
    known.has(plain) || known.has(name) || name === 'up' || name.startsWith('holdfast_process_')
  );
}
const known = new Set(
  [...textOf('docs/metrics.md').matchAll(/^\| `(\w+)`/gm)].map(([, one]) => one),
);

/** Names in an expression that are no functions, labels, keywords or units of PromQL. */
const metricsIn = (expression: string): readonly string[] =>
  expression
    .replaceAll(/"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|without)\s*\([^)]*\)/g, ' ')
    .match(/\b[a-z]\w*\b(?!\s*\()/g)
    ?.filter((word) => !/^(?:and|or|unless|bool|by|without)$/.test(word)) ?? [];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity?: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}
const { groups } = parse(textOf('deploy/prometheus/holdfast-alerts.yaml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

describe('alert rules', () => {
  test('each names metrics that there are, and a runbook that there is', () => {
    assert.ok(rules.length >= 20);
    for (const { alert, expr, labels, annotations } of rules) {
      const names = metricsIn(expr);
      assert.ok(names.length > 0, alert);
      for (const name of names) assert.ok(isMetric(name), `${alert} asks for ${name}`);
      assert.match(labels.severity ?? '', /^(?:warning|critical)$/, alert);
      assert.ok(existsSync(new URL(annotations.runbook_url, root)), annotations.runbook_url);
      assert.ok(
        textOf(annotations.runbook_url).includes(`\`${alert}\``),
        `${annotations.runbook_url} does not speak of ${alert}`,
      );
    }
  });

  test('each has a test in which it fires, and one in which it is silent', () => {
    const { tests } = parse(textOf('deploy/prometheus/holdfast-alerts.test.yaml')) as {
      readonly tests: readonly {
        readonly alert_rule_test: readonly {
          readonly alertname: string;
          readonly exp_alerts: readonly object[];
        }[];
      }[];
    };
    const cases = tests.flatMap((one) => one.alert_rule_test);
    const of = (fires: boolean): readonly string[] =>
      cases.filter((one) => one.exp_alerts.length > 0 === fires).map((one) => one.alertname);
    const alerts = rules.map(({ alert }) => alert);
    assert.deepEqual([...of(true)].sort(), [...alerts].sort());
    assert.deepEqual([...of(false)].sort(), [...alerts].sort());
  });

  test('promtool takes them, and they fire as their tests say', (t) => {
    if (!hasPromtool) {
      assert.equal(process.env['REQUIRE_PROGRAMS'], undefined, 'There is no promtool.');
      t.skip('There is no promtool here: install the Debian package prometheus.');
      return;
    }
    const cwd = fileURLToPath(new URL('deploy/prometheus/', root));
    // Each of its tests makes a database, whose fsyncs are of no use here.
    const env = { ...process.env, TMPDIR: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() };
    for (const args of [
      ['check', 'rules', 'holdfast-alerts.yaml'],
      ['test', 'rules', 'holdfast-alerts.test.yaml'],
    ]) {
      const { status, stdout, stderr } = spawnSync(promtool, args, { cwd, env, encoding: 'utf8' });
      assert.equal(status, 0, `${stdout}${stderr}`);
    }
  });
});

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly targets?: readonly { readonly expr: string }[];
}
const { panels } = JSON.parse(textOf('deploy/grafana/holdfast.json')) as {
  readonly panels: readonly Panel[];
};

test('the dashboard asks for metrics that there are', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { type, title, targets = [] } of panels) {
    assert.equal(targets.length > 0, type !== 'row', title);
    for (const { expr } of targets) {
      const names = metricsIn(expr);
      assert.ok(names.length > 0, `${title}: ${expr}`);
      for (const name of names) assert.ok(isMetric(name), `${title} asks for ${name}`);
    }
  }
});

test('the dashboard shows what each part of a node is judged by', () => {
  const shown = new Map<string, string[]>();
  let row = '';
  for (const { type, title, targets = [] } of panels)
    if (type === 'row') shown.set((row = title), []);
    else shown.get(row)?.push(...targets.flatMap(({ expr }) => metricsIn(expr)));
  const demanded: Readonly<Record<string, readonly string[]>> = {
    'Locks and sessions': ['lock_acquisitions_total', 'active_locks_gauge', 'holdfast_waiters'],
    'Log and disk': ['consensus_commit_latency_seconds_bucket', 'holdfast_disk_free_bytes'],
    Queues: [
      'holdfast_queue_depth',
      'holdfast_queue_oldest_message_age_seconds',
      'holdfast_queue_dead_letters',
      'holdfast_queue_blocked',
    ],
    Cache: [
      'holdfast_cache_hits_total',
      'holdfast_cache_misses_total',
      'holdfast_cache_invalidation_wait_seconds_bucket',
      'holdfast_cache_pending_writes',
      'holdfast_cache_pending_invalidations',
      'holdfast_cache_sharer_delay_seconds_total',
      'holdfast_cache_sharer_lapses_total',
    ],
    Audit: [
      'holdfast_audit_failing',
      'holdfast_audit_write_failures_total',
      'holdfast_audit_dropped_total',
    ],
  };
  for (const [title, names] of Object.entries(demanded))
    for (const name of names) assert.ok(shown.get(title)?.includes(name), `${title}: ${name}`);
});

test('no panel of the dashboard lies over another one, and none beyond the edge', () => {
  for (const { title, gridPos: one } of panels) {
    assert.ok(one.x + one.w <= 24, title);
    for (const { title: other, gridPos: two } of panels)
      assert.ok(
        title === other ||
          one.x + one.w <= two.x ||
          two.x + two.w <= one.x ||
          one.y + one.h <= two.y ||
          two.y + two.h <= one.y,
        `${title} and ${other}`,
      );
  }
});

describe('runbooks', () => {
  /** The guide to an upgrade is run and checked as they are. */
  const guide = '../upgrade.md';
  const names = [...readdirSync(new URL('docs/runbooks/', root)), guide];
  const cli = textOf('docs/cli.md');
  const commands = new Map(
    cli
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf('\n')), section]),
  );

  test('each is in the list, and links lead to files', () => {
    const list = textOf('docs/runbooks/README.md');
    for (const name of names) {
      if (name !== 'README.md' && name !== guide) assert.ok(list.includes(`](${name})`), name);
      for (const [, path = ''] of textOf(`docs/runbooks/${name}`).matchAll(/\]\(([^)#:]+)/g))
        assert.ok(
          existsSync(new URL(path, new URL(`docs/runbooks/${name}`, root))),
          `${name}: ${path}`,
        );
    }
  });

  test('every command is one of the command line, with options that it has', () => {
    let seen = 0;
    for (const name of names)
      for (const [, block = ''] of textOf(`docs/runbooks/${name}`).matchAll(/```sh\n(.*?)```/gs))
        for (const line of block.replaceAll(/\\\n\s*/g, '').split('\n')) {
          const [program, ...words] = line.trim().split(/\s+/);
          if (program !== 'holdfast') continue;
          seen += 1;
          const own = words[0] === '--endpoint' ? words.slice(2) : words;
          const candidates = [3, 2, 1].map((count) =>
            ['holdfast', ...own.slice(0, count)].join(' '),
          );
          const section = candidates
            .map((one) => commands.get(one))
            .find((one) => one !== undefined);
          assert.ok(section !== undefined, `${name}: ${line}`);
          for (const option of own.filter((word) => word.startsWith('--')))
            assert.match(
              section,
              new RegExp(`^ +(?:-\\w, )?${option}\\b`, 'm'),
              `${name}: ${line}`,
            );
        }
    assert.ok(seen >= 20, String(seen));
  });
});

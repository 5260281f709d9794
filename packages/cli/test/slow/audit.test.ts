/** Three nodes with an audit: one chain on all of them, over kills; what an attacker does is found; nobody's secret is anywhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect } from '@holdfast/client';
import { startLocalCluster } from '@holdfast/server';
import { freePort, holdfast } from '../integration/support/holdfast.ts';
import type { Ended } from '../integration/support/holdfast.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-audit-'));
after(() => rmSync(root, { recursive: true, force: true }));

const keyForm = /hf_[a-z0-9]+_([A-Za-z0-9_-]{43})/;
const auditOf = (folder: string): string => join(folder, 'audit');

function auditText(folder: string): string {
  const names = readdirSync(auditOf(folder)).filter((name) => name.endsWith('.jsonl'));
  return names.map((name) => readFileSync(join(auditOf(folder), name), 'utf8')).join('\n');
}

interface Status {
  readonly size: number;
  readonly head: string;
  readonly revision: number;
  readonly chains: readonly { readonly chain: string; readonly size: number }[];
}

describe('an audited cluster', { timeout: 120_000 }, () => {
  it('has one chain on all nodes over kills, and no secret in anything that it writes or says', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const cluster = await startLocalCluster({
      ports,
      folder: root,
      environment: { HOLDFAST_AUDIT_ANCHOR_SECONDS: '1' },
    });
    const folders = cluster.nodes.map(({ folder }) => join(folder, 'data'));
    const secrets: string[] = [];
    const said: string[] = [];
    try {
      // Before authentication is on: nobody is told without a key then.
      const leader = await cluster.leader(30_000);
      const [url = '', second = ''] = cluster.urls;
      let key = '';
      const run = (...words: readonly string[]): Promise<Ended> =>
        holdfast(url, words, { HOLDFAST_API_KEY: key }).ended;
      const ask = async (
        to: string,
        path: string,
        body: object | undefined,
        shown = key,
      ): Promise<unknown> => {
        const answer = await fetch(`${to}${path}`, {
          method: body === undefined ? 'GET' : 'POST',
          headers: {
            ...(shown === '' ? {} : { authorization: `Bearer ${shown}` }),
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await answer.text();
        if (!answer.ok) said.push(text);
        return text.startsWith('{') ? JSON.parse(text) : text;
      };

      // The leader raises the feature level a moment after the members have met.
      const isRaised = async (): Promise<boolean> => {
        const status = (await ask(url, '/cluster/status', undefined)) as {
          readonly feature_level: number;
        };
        return status.feature_level >= 2;
      };
      const what = 'the feature level is raised';
      await untilSo(isRaised, { what, longestMs: 20_000, pauseMs: 50 });
      assert.equal((await run('audit', 'enable')).status, 0);
      const enabled = await run('auth', 'enable');
      key = keyForm.exec(enabled.stdout)?.[0] ?? assert.fail(enabled.stderr);
      secrets.push(keyForm.exec(key)?.[1] ?? '');
      const made = (await ask(url, '/auth/keys', { identity: 'reports' })) as {
        readonly key: string;
      };
      secrets.push(keyForm.exec(made.key)?.[1] ?? '');
      const wrong = `${key.slice(0, -6)}wrong1`;
      secrets.push(keyForm.exec(wrong)?.[1] ?? '');
      await ask(url, '/cluster/status', undefined, wrong);
      await ask(second, '/locks', undefined, made.key);

      const client = await connect({ endpoints: [...cluster.urls], apiKey: key });
      const session = await client.session({ timeoutSeconds: 30 });
      secrets.push(session.id);
      const work = async (name: string): Promise<void> => {
        const hold = await session.lock(name, {
          waitMs: 20_000,
          metadata: { token: 'metadata-secret' },
        });
        await hold.release();
      };
      secrets.push('metadata-secret', 'payload-secret', 'value-secret');
      await ask(url, '/queues/q/push', { messages: [{ payload: 'payload-secret' }] });
      await client.cache.set('k', 'value-secret').catch(() => undefined);
      for (let at = 0; at < 20; at++) await work(`before/${String(at)}`);

      await cluster.kill(leader, 'SIGKILL');
      for (let at = 0; at < 20; at++) await work(`between/${String(at)}`);
      await cluster.restart(leader);
      for (let at = 0; at < 20; at++) await work(`after/${String(at)}`);
      await session.end();
      await client.close();

      // All have come to the same place, and an anchor of each refusing node is in it.
      const statuses = async (): Promise<readonly Status[]> =>
        Promise.all(cluster.urls.map((one) => ask(one, '/audit', undefined) as Promise<Status>));
      let all: readonly Status[] = [];
      const isAtOnePlace = async (): Promise<boolean> => {
        all = await statuses();
        const isAnchored = auditText(folders[0] ?? '').includes('"anchor_audit"');
        return isAnchored && all.every(({ head }) => head === all[0]?.head);
      };
      const shown = (): string => JSON.stringify(all);
      await untilSo(isAtOnePlace, { what: shown, longestMs: 20_000, pauseMs: 50 });
      const checkpoint = await run('audit', 'checkpoint');
      writeFileSync(join(root, 'kept.txt'), checkpoint.stdout);
      const verifierKey = (await run('audit', 'checkpoint', '--verifier-key')).stdout.trim();
      const verify = (...words: readonly string[]): Promise<Ended> =>
        holdfast(undefined, ['audit', 'verify', ...words]).ended;
      const kept = ['--checkpoint', join(root, 'kept.txt'), '--verifier-key', verifierKey];
      const whole = await verify(...folders, ...kept);
      assert.equal(whole.status, 0, whole.stdout + whole.stderr);

      // Who did what.
      const told = auditText(folders[0] ?? '');
      assert.match(
        told,
        /"by":"admin","proof":"key k[0-9a-f]{16}","address":"127\.0\.0\.1","operation":"auth_create_key"/,
      );
      assert.match(
        told,
        /"proof":"not proven: key k[0-9a-f]{16}".*"operation":"authenticate","outcome":"unauthorized"/,
      );
      assert.match(
        auditText(folders[1] ?? ''),
        /"by":"reports".*"operation":"list_locks".*"outcome":"forbidden"/,
      );
      assert.match(told, /"on":\["lock\/after\/19"\]/);

      for (const one of cluster.urls) said.push((await ask(one, '/metrics', undefined)) as string);
      assert.match(said.join('\n'), /holdfast_audit_enabled 1/);
      const logs = readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.log'))
        .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
      assert.ok(logs.length >= 3);
      const outputs = [...said, ...logs, ...folders.map(auditText), checkpoint.stdout].join('\n');
      for (const secret of secrets) {
        assert.ok(secret.length > 5);
        assert.ok(!outputs.includes(secret), `${secret} is in what was written or said`);
      }

      // Somebody with the disk of a node takes a record out.
      const file = readdirSync(auditOf(folders[1] ?? '')).find((name) =>
        name.startsWith('changes'),
      );
      const path = join(auditOf(folders[1] ?? ''), file ?? '');
      await cluster.kill('node-2', 'SIGKILL');
      const lines = readFileSync(path, 'utf8').split('\n');
      writeFileSync(path, lines.filter((line) => !line.includes('"lock/before/7"')).join('\n'));
      const found = await verify(folders[1] ?? '');
      assert.equal(found.status, 1);
      assert.match(found.stdout, /missing: Record \d+ is missing/);
    } finally {
      await cluster.close();
    }
  });
});

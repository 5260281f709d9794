/** The Job of certificates, run as it stands in the chart, with the real command line, against a server for Secrets. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { renderChart } from '../render-chart.ts';

const pathOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

type Files = Readonly<Record<string, string>>;
interface Secret {
  readonly metadata: { readonly name: string };
  readonly data: Files;
}

/** As the API server keeps Secrets of one namespace. */
async function serveSecrets(t: TestContext, folder: string) {
  const request =
    'req -x509 -newkey ed25519 -nodes -days 1 -subj /CN=api -addext subjectAltName=IP:127.0.0.1';
  const into = ['-keyout', join(folder, 'api.key'), '-out', join(folder, 'ca.crt')];
  const made = spawnSync('openssl', [...request.split(' '), ...into]);
  assert.equal(made.status, 0, String(made.stderr));
  writeFileSync(join(folder, 'namespace'), 'shop\n');
  writeFileSync(join(folder, 'token'), 'secret\n');
  const secrets = new Map<string, Files>();
  const tls = {
    key: readFileSync(join(folder, 'api.key')),
    cert: readFileSync(join(folder, 'ca.crt')),
  };
  const server = createServer(tls, (asked, response) => {
    void text(asked).then((body) => {
      assert.equal(asked.headers.authorization, 'Bearer secret');
      const [, name] =
        /^\/api\/v1\/namespaces\/shop\/secrets(?:\/([\w-]+))?$/.exec(asked.url ?? '') ?? [];
      const answer = (status: number, data?: object): void =>
        void response.writeHead(status).end(JSON.stringify({ data }));
      const kept = secrets.get(name ?? '');
      if (asked.method === 'POST') {
        const { metadata, data } = JSON.parse(body) as Secret;
        if (secrets.has(metadata.name)) return answer(409);
        secrets.set(metadata.name, data);
        return answer(201);
      }
      if (name === undefined || kept === undefined) return answer(404);
      if (asked.method === 'GET') return answer(200, kept);
      assert.equal(asked.method, 'PATCH');
      assert.equal(asked.headers['content-type'], 'application/merge-patch+json');
      secrets.set(name, { ...kept, ...(JSON.parse(body) as Secret).data });
      return answer(200);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { secrets, port: (server.address() as AddressInfo).port };
}

interface Job {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly [{ readonly command: readonly string[] }] };
    };
  };
}

function commandOfJob(): readonly string[] {
  const manifests = parseAllDocuments(renderChart('locks')).map((one) => one.toJS() as Job);
  const job = manifests.find(({ kind }) => kind === 'Job') ?? assert.fail('There is no Job.');
  return job.spec.template.spec.containers[0].command;
}

async function site(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-job-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { secrets, port } = await serveSecrets(t, folder);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const program = join(bin, 'holdfast');
  const main = pathOf('packages/cli/src/main.ts');
  writeFileSync(
    program,
    `#!/bin/sh\nexec '${process.execPath}' --conditions=source '${main}' "$@"\n`,
  );
  chmodSync(program, 0o755);
  const [shell = '', ...args] = commandOfJob().map((part) =>
    part
      .replace('cd /work', `cd ${folder}`)
      .replaceAll('/opt/holdfast/bin', pathOf('deploy/docker')),
  );
  const run = async (replicas: number, renewBeforeDays = 60): Promise<string> => {
    const child = spawn(shell, args, {
      env: {
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String(port),
        SERVICE_ACCOUNT_FOLDER: folder,
        SET: 'locks',
        NAMESPACE: 'shop',
        REPLICAS: String(replicas),
        CERTIFICATES: 'holdfast-tls',
        AUTHORITY: 'holdfast-authority',
        RENEW_BEFORE_DAYS: String(renewBeforeDays),
        // Many short processes read the same sources.
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
      },
    });
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    assert.equal(child.exitCode, 0, stdout + stderr);
    return stdout;
  };
  return { run, secrets };
}

const pem = (files: Files | undefined, name: string): string =>
  Buffer.from(files?.[name] ?? assert.fail(name), 'base64').toString();

describe('The Job of certificates', { timeout: 400_000 }, () => {
  test('makes them for three, adds two under the same authority, and renews', async (t) => {
    const { run, secrets } = await site(t);
    await run(3);
    const three = secrets.get('holdfast-tls') ?? assert.fail();
    const authority = secrets.get('holdfast-authority') ?? assert.fail();
    assert.deepEqual(Object.keys(authority).sort(), ['ca.crt', 'ca.key']);
    const pairs = (count: number): readonly string[] =>
      [
        'client',
        ...Array.from({ length: count }, (_, number) => `locks-${String(number)}`),
      ].flatMap((name) => [`${name}.crt`, `${name}.key`]);
    assert.deepEqual(Object.keys(three).sort(), ['ca.crt', ...pairs(3)].sort());

    await run(5);
    const five = secrets.get('holdfast-tls') ?? assert.fail();
    assert.deepEqual(Object.keys(five).sort(), ['ca.crt', ...pairs(5)].sort());
    for (const name of ['ca.crt', ...pairs(3)]) assert.equal(five[name], three[name], name);
    assert.deepEqual(secrets.get('holdfast-authority'), authority, 'no other authority');
    const signer = new X509Certificate(pem(authority, 'ca.crt'));
    for (const pod of ['locks-0', 'locks-4']) {
      const certificate = new X509Certificate(pem(five, `${pod}.crt`));
      assert.ok(certificate.verify(signer.publicKey), pod);
      for (const host of [pod, 'locks', 'locks.shop.svc', `${pod}.locks-members.shop.svc`])
        assert.ok(certificate.checkHost(host) !== undefined, `${pod}: ${host}`);
    }

    // One that ends sooner than is wanted is made anew, under the same authority.
    await run(1, 1000);
    const renewed = secrets.get('holdfast-tls') ?? assert.fail();
    for (const name of pairs(1)) assert.notEqual(renewed[name], five[name], name);
    assert.equal(renewed['locks-4.crt'], five['locks-4.crt']);
    assert.equal(renewed['ca.crt'], five['ca.crt']);
    assert.ok(new X509Certificate(pem(renewed, 'locks-0.crt')).verify(signer.publicKey));
    assert.deepEqual(secrets.get('holdfast-authority'), authority);
  });

  test('leaves certificates of an authority of somebody else as they are', async (t) => {
    const { run, secrets } = await site(t);
    const own = { 'ca.crt': 'eA==', 'locks-0.crt': 'eQ==', 'locks-0.key': 'eg==' };
    secrets.set('holdfast-tls', own);
    assert.match(await run(3), /nothing is changed/);
    assert.deepEqual([...secrets], [['holdfast-tls', own]]);
  });
});

test('the install steps for systemd put what the configuration names where it names it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-systemd-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [, steps = ''] =
    /^## systemd\n[^]*?^```text\n([^]*?)^```$/m.exec(
      readFileSync(pathOf('docs/containers.md'), 'utf8'),
    ) ?? [];
  mkdirSync(join(folder, 'tls'));
  for (const name of ['ca.crt', 'node-1.crt', 'node-1.key'])
    writeFileSync(join(folder, 'tls', name), name, { mode: 0o600 });
  for (const name of ['etc/systemd/system', 'var/lib'])
    mkdirSync(join(folder, name), { recursive: true });
  const installs = steps
    .split('\n')
    .filter((line) => line.startsWith('install '))
    // Users and groups of the machine are not made here.
    .map((line) =>
      line.replaceAll(/ -[og] holdfast/g, '').replaceAll(/ (?=\/(?:etc|var)\/)/g, ` ${folder}`),
    )
    .map((line) => line.replaceAll(/ (?=(?:config|deploy)\/)/g, ` ${pathOf('')}`));
  assert.ok(installs.length >= 6, steps);
  const script = installs.join('\n');
  const { status, stderr } = spawnSync('sh', ['-ec', script], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const configuration = readFileSync(join(folder, 'etc/holdfast/holdfast.yaml'), 'utf8');
  const named = [...configuration.matchAll(/'(\/(?:etc|var)\/[^']+)'/g)].map(
    ([, path = '']) => path,
  );
  assert.ok(named.length >= 4, configuration);
  for (const path of named) {
    const mode = spawnSync('stat', ['-c', '%a', join(folder, path)], { encoding: 'utf8' });
    assert.equal(mode.status, 0, `${path}: ${mode.stderr}`);
    if (path.endsWith('.key')) assert.equal(mode.stdout.trim(), '640');
  }
});

/** What is deployed fits together: manifests, the chart, the Compose file, the unit, the programs in the image. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { kubernetesText, render, renderChart } from '../render-chart.ts';

const root = new URL('../../', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const pathOf = (path: string): string => fileURLToPath(new URL(path, root));

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string }[];
}
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly template?: { readonly spec: { readonly containers: readonly [Container] } };
  };
}
const manifestsIn = (text: string): readonly Manifest[] =>
  parseAllDocuments(text).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as Manifest;
  });
const containerOf = (kind: string, replicas?: number): Container => {
  const text = renderChart('locks', replicas === undefined ? {} : { replicas });
  const found = manifestsIn(text).find((one) => one.kind === kind);
  return found?.spec?.template?.spec.containers[0] ?? assert.fail(kind);
};

/** Settings are variables: each of those has to be one. */
const variables = new Set(textOf('docs/configuration.md').match(/HOLDFAST_[A-Z_]+/g));
const assertSettings = (names: readonly string[]): void => {
  for (const name of names) if (name.startsWith('HOLDFAST_')) assert.ok(variables.has(name), name);
};

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-deployment-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a command of a container with these programs in the place of the real ones, which print how they are called. */
function shown(
  t: TestContext,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): string {
  const folder = scratch(t);
  for (const name of ['holdfast', 'node']) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@"\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const [shell = '', ...args] = command.map((part) => part.replace('cd /work', `cd ${folder}`));
  const { stdout, stderr, status } = spawnSync(shell, args, {
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, ...env },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

describe('Kubernetes', () => {
  test('the manifests are the chart with its default values', () => {
    assert.equal(textOf('deploy/kubernetes/holdfast.yaml'), kubernetesText());
  });

  test('every manifest is what the schema of Kubernetes allows', async () => {
    const kinds = new Set<string>();
    for (const text of [kubernetesText(), renderChart('other', { replicas: 5 })])
      for (const manifest of manifestsIn(text)) {
        const { apiVersion, kind } = manifest;
        const { [kind]: Model = assert.fail(kind) } = (await import(
          `kubernetes-models/${apiVersion}/${kind}`
        )) as Readonly<Record<string, new (data: object) => { validate(): void }>>;
        new Model(manifest).validate();
        kinds.add(kind);
      }
    for (const kind of ['StatefulSet', 'Service', 'PodDisruptionBudget', 'NetworkPolicy', 'Job'])
      assert.ok(kinds.has(kind), kind);
  });

  test('a value that is not there is refused', () => {
    assert.throws(() => render('{{ .Values.imag }}', 'a', { image: 'x' }), /no value/);
    assert.throws(() => render('{{ if .Values.image }}', 'a', { image: 'x' }), /no value/);
  });

  test('each pod names the other members and no other', (t) => {
    const { command, env } = containerOf('StatefulSet', 3);
    assertSettings(env.map(({ name }) => name));
    const told = shown(t, command, {
      SET: 'locks',
      REPLICAS: '3',
      POD: 'locks-1',
      NAMESPACE: 'shop',
    });
    assert.equal(
      told,
      'holdfast server --cluster-peers locks-0=locks-0.locks-members.shop.svc:7000,locks-2=locks-2.locks-members.shop.svc:7000',
    );
  });

  test('certificates are made for every member, under every name at which it is reached', (t) => {
    const { command } = containerOf('Job');
    const env = { SET: 'locks', REPLICAS: '2', NAMESPACE: 'shop', CERTIFICATES: 'locks-tls' };
    assert.deepEqual(shown(t, command, env).split('\n'), [
      'holdfast cert init',
      'holdfast cert node locks-0 locks-1 --host locks --host locks.shop.svc --host localhost --host 127.0.0.1' +
        ' --host locks-0.locks-members.shop.svc --host locks-1.locks-members.shop.svc',
      'holdfast cert client client',
      'node /opt/holdfast/bin/kubernetes-secret.mjs locks-tls tls',
    ]);
  });
});

test('the Compose file uses settings that there are, and the ports of the services that it takes the place of', () => {
  const { services } = parse(textOf('compose.yaml'), { merge: true }) as {
    readonly services: Readonly<
      Record<
        string,
        {
          readonly environment?: Readonly<Record<string, string>>;
          readonly ports: readonly string[];
        }
      >
    >;
  };
  for (const { environment = {} } of Object.values(services))
    assertSettings(Object.keys(environment));
  const ports = Object.values(services).flatMap((service) => service.ports);
  for (const port of ['5000', '5001', '5002', '8001', '8002', '8003'])
    assert.ok(ports.includes(`127.0.0.1:${port}:8080`), port);
  for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, 'reached from elsewhere');
});

test('the unit of systemd is one', (t) => {
  const unit = 'deploy/systemd/holdfast.service';
  for (const line of textOf(unit).split('\n'))
    assert.match(line, /^(?:#.*|\[\w+\]|[A-Z]\w+=.*|)$/, line);
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) {
    t.diagnostic('There is no systemd-analyze here: only the form of the lines was looked at.');
    return;
  }
  const { stderr } = spawnSync('systemd-analyze', ['verify', pathOf(unit)], { encoding: 'utf8' });
  const told = stderr.split('\n').filter((line) => /Unknown|Failed to parse|Invalid/.test(line));
  assert.deepEqual(told, []);
});

describe('programs in the image', () => {
  /** @returns The exit status. */
  async function run(
    file: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
  ): Promise<number | null> {
    const child = execFile(process.execPath, [pathOf(`deploy/docker/${file}`), ...args], {
      env: { ...process.env, ...env },
    });
    const [status] = (await once(child, 'close')) as [number | null];
    return status;
  }

  test('the health check succeeds where the node answers 200', async (t) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(request.url === '/livez' ? 200 : 503).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const HOLDFAST_HTTP_PORT = String((server.address() as AddressInfo).port);
    assert.equal(await run('healthcheck.mjs', [], { HOLDFAST_HTTP_PORT }), 0);
    assert.equal(await run('healthcheck.mjs', ['readyz'], { HOLDFAST_HTTP_PORT }), 1);
    assert.deepEqual(asked, ['/livez', '/readyz']);
    assert.equal(await run('healthcheck.mjs', [], { HOLDFAST_HTTP_PORT: '1' }), 1);
  });

  test('the Secret has the certificates, and never the key of the authority', async (t) => {
    const folder = scratch(t);
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-days',
      '1',
      '-subj',
      '/CN=api',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      join(folder, 'api.key'),
      '-out',
      join(folder, 'ca.crt'),
    ]);
    assert.equal(made.status, 0, String(made.stderr));
    const files = mkdtempSync(join(folder, 'tls-'));
    for (const name of ['ca.crt', 'ca.key', 'locks-0.crt', 'locks-0.key'])
      writeFileSync(join(files, name), name);
    writeFileSync(join(folder, 'namespace'), 'shop\n');
    writeFileSync(join(folder, 'token'), 'secret\n');
    let status = 201;
    const bodies: string[] = [];
    const heads: (string | undefined)[] = [];
    const server = createSecureServer(
      { key: readFileSync(join(folder, 'api.key')), cert: readFileSync(join(folder, 'ca.crt')) },
      (request, response) => {
        heads.push(request.url, request.headers.authorization);
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          bodies.push(body);
          response.writeHead(status).end('{}');
        });
      },
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const env = {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String((server.address() as AddressInfo).port),
      SERVICE_ACCOUNT_FOLDER: folder,
    };
    assert.equal(await run('kubernetes-secret.mjs', ['locks-tls', files], env), 0);
    assert.deepEqual(heads, ['/api/v1/namespaces/shop/secrets', 'Bearer secret']);
    const secret = JSON.parse(bodies[0] ?? '') as {
      readonly metadata: object;
      readonly data: object;
    };
    assert.deepEqual(secret.metadata, { name: 'locks-tls', namespace: 'shop' });
    assert.deepEqual(Object.keys(secret.data), ['ca.crt', 'locks-0.crt', 'locks-0.key']);
    status = 409;
    assert.equal(await run('kubernetes-secret.mjs', ['locks-tls', files], env), 0);
    status = 403;
    assert.equal(await run('kubernetes-secret.mjs', ['locks-tls', files], env), 1);
  });
});

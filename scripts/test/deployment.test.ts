/** What is deployed fits together: manifests, the chart, the Compose file, the unit, the programs in the image. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Authority } from '@holdfast/tls/development';
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
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly roleRef?: object;
  readonly rules?: readonly {
    readonly verbs: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly spec?: Readonly<
    Record<'selector' | 'serviceName' | 'podManagementPolicy' | 'volumeClaimTemplates', unknown>
  > & {
    readonly template?: {
      readonly metadata?: { readonly labels?: object };
      readonly spec: { readonly containers: readonly [Container] };
    };
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

  test('each pod names the other members of the first start, and later ones join them', (t) => {
    const { command, env } = containerOf('StatefulSet', 5);
    assertSettings(env.map(({ name }) => name));
    const told = (pod: string): string =>
      shown(t, command, { SET: 'locks', MEMBERS: '3', POD: pod, NAMESPACE: 'shop' });
    const at = (...numbers: readonly number[]): string =>
      numbers
        .map((one) => `locks-${String(one)}=locks-${String(one)}.locks-members.shop.svc:7000`)
        .join(',');
    const server = 'holdfast server --cluster-peers';
    assert.equal(told('locks-1'), `${server} ${at(0, 2)} --cluster-join false`);
    assert.equal(told('locks-3'), `${server} ${at(0, 1, 2)} --cluster-join true`);
    assert.equal(told('locks-12'), `${server} ${at(0, 1, 2)} --cluster-join true`);
  });

  test('another image or number of pods changes no field that cannot be changed', () => {
    const fixed = (changes: Readonly<Record<string, unknown>>): unknown =>
      manifestsIn(renderChart('locks', changes)).map(({ kind, metadata, spec, roleRef }) => {
        // Helm deletes what is a hook before it makes it anew.
        const { annotations: { 'helm.sh/hook-delete-policy': policy } = {} } = metadata;
        if (policy === 'before-hook-creation') return metadata.name;
        assert.ok(!['Job', 'Pod'].includes(kind), `${kind} cannot be changed, and is no hook`);
        const { selector, serviceName, podManagementPolicy, volumeClaimTemplates } = spec ?? {};
        const labels = spec?.template?.metadata?.labels;
        const of = { selector, serviceName, podManagementPolicy, volumeClaimTemplates, labels };
        return { kind, name: metadata.name, roleRef, ...of };
      });
    const before = fixed({ image: 'holdfast:1' });
    assert.deepEqual(fixed({ image: 'holdfast:2' }), before);
    assert.deepEqual(fixed({ image: 'holdfast:1', replicas: 5 }), before);
    // Pods of members are not started anew for a number.
    const pods = (replicas: number): unknown =>
      manifestsIn(renderChart('locks', { replicas })).find(({ kind }) => kind === 'StatefulSet')
        ?.spec?.template;
    assert.deepEqual(pods(5), pods(3));
  });

  test('what the Job needs is there before it, and it may read two Secrets alone', () => {
    const hooks = manifestsIn(renderChart('locks')).filter(
      ({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'pre-install,pre-upgrade',
    );
    const weights = hooks.map(({ kind, metadata }) => [
      kind,
      Number(metadata.annotations?.['helm.sh/hook-weight']),
    ]);
    assert.deepEqual(weights, [
      ['ServiceAccount', -2],
      ['Role', -2],
      ['RoleBinding', -2],
      ['Job', -1],
    ]);
    const rules = hooks.find(({ kind }) => kind === 'Role')?.rules ?? [];
    for (const { verbs, resourceNames } of rules)
      if (resourceNames === undefined) assert.deepEqual(verbs, ['create']);
      else assert.deepEqual(resourceNames, ['holdfast-tls', 'holdfast-authority']);
    const members = JSON.stringify(
      manifestsIn(renderChart('locks')).find(({ kind }) => kind === 'StatefulSet'),
    );
    assert.ok(!members.includes('holdfast-authority'), 'members have no key of the authority');
  });

  test('yamllint takes the manifests', (t) => {
    const yamllint = process.env['YAMLLINT'] ?? 'yamllint';
    if (spawnSync(yamllint, ['--version']).status !== 0) {
      t.skip('There is no yamllint here: apt-get install yamllint.');
      return;
    }
    // Lines are as long as commands need; flow mappings are written as Prettier writes them.
    const rules =
      '{extends: default, rules: {line-length: disable, braces: disable, document-start: disable, comments: disable, comments-indentation: disable}}';
    const manifest = pathOf('deploy/kubernetes/holdfast.yaml');
    const { status, stdout } = spawnSync(yamllint, ['-d', rules, manifest], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
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

/** README.md, the documents below docs/ that people wrote, and the examples of configuration files. */
const documents = ['README.md', 'compose.yaml']
  .concat(
    readdirSync(new URL('docs', root), { recursive: true }).map((name) => `docs/${String(name)}`),
  )
  .concat(readdirSync(new URL('config', root)).map((name) => `config/${name}`))
  .filter((path) => /\.(?:md|yaml)$/.test(path));

test('no document gives members the port on which the image serves metrics', () => {
  const [, port] =
    /HOLDFAST_METRICS_LISTEN=0\.0\.0\.0:(\d+)/.exec(textOf('Dockerfile')) ?? assert.fail();
  const ofMembers = /cluster[-_.](?:listen|advertise|peers)|^ {2}(?:listen|advertise):|^ {4}- '/i;
  const lines = documents.flatMap((path) =>
    textOf(path)
      .split('\n')
      .filter((line) => ofMembers.test(line))
      .map((line) => `${path}: ${line}`),
  );
  assert.ok(lines.length > 10, 'lines about members are found');
  assert.deepEqual(
    lines.filter((line) => line.includes(`:${port}`)),
    [],
  );
});

test('config/cluster.yaml has every setting of the command that docs/security.md calls the same', () => {
  const [, command = assert.fail()] =
    /^```bash\n(holdfast server --cluster-node-id [^]*?)^```$/m.exec(textOf('docs/security.md')) ??
    [];
  const keys = new Map(
    [...textOf('docs/configuration.md').matchAll(/^\| `([\w.]+)` .*\| `--([\w-]+)`/gm)].map(
      ([, key = '', flag = '']) => [flag, key],
    ),
  );
  const file = parse(textOf('config/cluster.yaml')) as Readonly<
    Record<string, Readonly<Record<string, unknown>> | undefined>
  >;
  const flags = [...command.matchAll(/--([\w-]+)/g)].map(([, flag = '']) => flag);
  assert.ok(flags.includes('security-authentication'), command);
  for (const flag of flags) {
    const [part = '', name = ''] = keys.get(flag)?.split('.') ?? assert.fail(flag);
    assert.ok(file[part]?.[name] !== undefined, flag);
  }
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

  test('the health check asks where the node listens', async (t) => {
    const at = async (host: string): Promise<string> => {
      const server = createServer((_request, response) => response.end()).listen(0, host);
      await once(server, 'listening');
      t.after(() => server.close());
      return String((server.address() as AddressInfo).port);
    };
    const asked = (
      HOLDFAST_HTTP_HOST: string,
      HOLDFAST_HTTP_PORT: string,
    ): Promise<number | null> =>
      run('healthcheck.mjs', [], { HOLDFAST_HTTP_HOST, HOLDFAST_HTTP_PORT });
    const other = await at('127.0.0.2');
    assert.equal(await asked('127.0.0.2', other), 0);
    assert.equal(await asked('127.0.0.1', other), 1, 'nobody listens there');
    const usual = await at('127.0.0.1');
    assert.equal(await asked('0.0.0.0', usual), 0);
    assert.equal(await asked('', usual), 0);
  });

  test('the health check shows a node with TLS the certificate of the node, and takes no other authority', async (t) => {
    const folder = scratch(t);
    const put = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const [own, other] = [
      await Authority.create({ name: 'Tests', days: 1 }),
      await Authority.create({ name: 'Others', days: 1 }),
    ];
    // No name of this machine is in it.
    const pair = await own.node({ name: 'node-1', hosts: ['a.example'], days: 1 });
    const server = createSecureServer(
      {
        cert: pair.certificate,
        key: pair.key,
        ca: own.pair.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request, response) => response.writeHead(request.url === '/livez' ? 200 : 503).end(),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const settings = {
      HOLDFAST_HTTP_PORT: String((server.address() as AddressInfo).port),
      HOLDFAST_TLS_CERTIFICATE: put('own.crt', pair.certificate),
      HOLDFAST_TLS_KEY: put('own.key', pair.key),
      HOLDFAST_TLS_AUTHORITY: put('ca.crt', own.pair.certificate),
    };
    assert.equal(await run('healthcheck.mjs', [], settings), 0);
    assert.equal(await run('healthcheck.mjs', ['readyz'], settings), 1);
    const stranger = await other.node({ name: 'node-1', hosts: ['127.0.0.1'], days: 1 });
    const shown = {
      HOLDFAST_TLS_CERTIFICATE: put('stranger.crt', stranger.certificate),
      HOLDFAST_TLS_KEY: put('stranger.key', stranger.key),
    };
    assert.equal(await run('healthcheck.mjs', [], { ...settings, ...shown }), 1);
    const authority = { HOLDFAST_TLS_AUTHORITY: put('other.crt', other.pair.certificate) };
    assert.equal(await run('healthcheck.mjs', [], { ...settings, ...authority }), 1);
  });
});

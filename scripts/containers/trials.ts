/** What is tried with running containers. Each trial takes down what it has put up. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from './engine.ts';

const patienceMs = 120_000;
const project = ['--project-name', 'holdfast-trial', '--file', 'compose.yaml'];
const nodes = [1, 2, 3] as const;
type NodeNumber = (typeof nodes)[number];
const blockers = nodes.map((node) => `holdfast-trial-blocker-${String(node)}`);
const urlOf = (node: NodeNumber): string => `http://127.0.0.1:${String(4999 + node)}`;

/** Asks again until it is so: nothing else tells when a container is there. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
    assert.ok(performance.now() < deadlineMs, `not within ${String(patienceMs)} ms: ${what}`);
    await pause(250);
  }
}

const ok = async (url: string): Promise<true | undefined> =>
  (await fetch(url, { signal: AbortSignal.timeout(3000) })).ok || undefined;

interface Granted {
  readonly session_id: string;
  readonly fence_token: number;
}

/** Tries until it is granted: what a client does while a leader is gone. */
const acquire = (url: string, name: string): Promise<Granted> =>
  until(`${name} is granted by ${url}`, async () => {
    const answer = await fetch(`${url}/locks/${name}/acquire`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_id: 'trial', ttl_seconds: 600 }),
      signal: AbortSignal.timeout(5000),
    });
    return answer.ok ? ((await answer.json()) as Granted) : undefined;
  });

async function tokenOf(url: string, name: string): Promise<number | undefined> {
  const answer = await fetch(`${url}/locks/${name}/status`, { signal: AbortSignal.timeout(5000) });
  const { holders = [] } = (await answer.json()) as { readonly holders?: readonly Granted[] };
  return holders[0]?.fence_token;
}

async function leader(): Promise<NodeNumber> {
  return until('a leader', async () => {
    for (const node of nodes) {
      const asked = fetch(`${urlOf(node)}/leader`, { signal: AbortSignal.timeout(3000) });
      const answer = await asked.catch(() => undefined);
      if (answer?.ok !== true) continue;
      const text = await answer.text();
      return nodes.find((one) => text.includes(`node-${String(one)}`));
    }
    return undefined;
  });
}

/** What an image may have beside the one that it is built on. */
const mostOwnMebibytes = 100;

/** @returns How much it is, for people. */
export async function imageSize({ docker }: Engine, base: string): Promise<string> {
  const bytesOf = async (image: string): Promise<number> =>
    Number(await docker('image', 'inspect', '--format', '{{.Size}}', image));
  const own = ((await bytesOf('holdfast')) - (await bytesOf(base))) / 2 ** 20;
  const said = `${own.toFixed(0)} MiB beside ${base}, at most ${String(mostOwnMebibytes)}`;
  assert.ok(own > 0 && own <= mostOwnMebibytes, said);
  return said;
}

/** As SYS-001 has it: one container, HTTP on 8080, metrics on 9090. */
export async function singleContainer({ docker }: Engine): Promise<void> {
  const name = 'holdfast-trial-single';
  const ports = ['--publish', '127.0.0.1:8080:8080', '--publish', '127.0.0.1:9090:9090'];
  await docker('run', '--detach', '--name', name, ...ports, 'holdfast');
  try {
    const url = 'http://127.0.0.1:8080';
    await until('it is ready', () => ok(`${url}/readyz`));
    const { fence_token: token } = await acquire(url, 'single');
    assert.ok(await ok('http://127.0.0.1:9090/metrics'));
    await assert.rejects(
      docker('exec', name, 'holdfast', 'status', '--endpoint', 'http://127.0.0.1:1'),
    );
    assert.match(await docker('exec', name, 'holdfast', 'status'), /leader/);
    assert.equal(await docker('exec', name, 'id', '-u'), '10001');
    await docker('exec', name, 'node', '/opt/holdfast/bin/healthcheck.mjs', 'readyz');
    await until('the engine finds it healthy', async () => {
      const state = await docker('inspect', '--format', '{{.State.Health.Status}}', name);
      return state === 'healthy' || undefined;
    });
    await docker('stop', name);
    assert.equal(await docker('inspect', '--format', '{{.State.ExitCode}}', name), '0');
    await docker('start', name);
    await until('it is ready again', () => ok(`${url}/readyz`));
    assert.equal(await tokenOf(url, 'single'), token);
  } finally {
    await docker('rm', '--force', '--volumes', name);
  }
}

export async function clusterInContainers(engine: Engine): Promise<void> {
  const { docker, compose } = engine;
  const containerOf = async (node: NodeNumber): Promise<string> =>
    compose(...project, 'ps', '--quiet', `node-${String(node)}`);
  const allReady = async (): Promise<void> => {
    for (const node of nodes)
      await until(`node ${String(node)} is ready`, () => ok(`${urlOf(node)}/readyz`));
  };
  try {
    await compose(...project, 'up', '--detach', '--no-build');
    await allReady();
    for (const port of [9100, 9101, 9102])
      assert.ok(await ok(`http://127.0.0.1:${String(port)}/metrics`));
    const { fence_token: kept } = await acquire(urlOf(1), 'kept');
    for (const node of nodes) assert.equal(await tokenOf(urlOf(node), 'kept'), kept);
    let latest = kept;
    const goesOn = async (node: NodeNumber, name: string): Promise<void> => {
      const { fence_token: token } = await acquire(urlOf(node), name);
      assert.ok(token > latest, `token ${String(token)} after ${String(latest)}`);
      latest = token;
      assert.equal(await tokenOf(urlOf(node), 'kept'), kept);
    };
    const other = (than: NodeNumber): NodeNumber => (than === 1 ? 2 : 1);

    const killed = await leader();
    await docker('kill', await containerOf(killed));
    await goesOn(other(killed), 'after-a-kill');
    await docker('start', await containerOf(killed));
    await allReady();

    const cut = await leader();
    const [container, network] = [await containerOf(cut), 'holdfast-trial_default'];
    await docker('network', 'disconnect', network, container);
    await goesOn(other(cut), 'after-a-cut');
    await docker('network', 'connect', '--alias', `node-${String(cut)}`, network, container);
    // It comes back to the others by itself, and takes a lock through them.
    await until(`node ${String(cut)} is ready without a restart`, async () => {
      await docker('exec', container, 'node', '/opt/holdfast/bin/healthcheck.mjs', 'readyz');
      return true;
    });
    const command = ['holdfast', 'lock', 'run', 'healed', '--', 'echo', 'held'];
    assert.match(await docker('exec', container, ...command), /held/);
    // Its published port is of the network that it was cut from: a restart brings it back.
    await docker('restart', container);
    await allReady();
    await goesOn(cut, 'after-its-return');

    const before = await addresses(engine, containerOf);
    await compose(...project, 'stop');
    await compose(...project, 'rm', '--force');
    // They take the addresses that are free now.
    for (const name of blockers)
      await docker(
        'run',
        '--detach',
        '--name',
        name,
        '--network',
        network,
        '--entrypoint',
        'sleep',
        'holdfast',
        '600',
      );
    await compose(...project, 'up', '--detach', '--no-build');
    await allReady();
    const after = await addresses(engine, containerOf);
    for (const [place, address] of after.entries()) assert.notEqual(address, before[place]);
    for (const node of nodes) await goesOn(node, `moved-${String(node)}`);
  } catch (error) {
    console.error(await compose(...project, 'logs', '--tail', '40').catch(() => ''));
    throw error;
  } finally {
    await docker('rm', '--force', '--volumes', ...blockers).catch(() => '');
    await compose(...project, 'down', '--volumes');
  }
}

const addresses = (
  { docker }: Engine,
  containerOf: (node: NodeNumber) => Promise<string>,
): Promise<readonly string[]> =>
  Promise.all(
    nodes.map(async (node) =>
      docker(
        'inspect',
        '--format',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        await containerOf(node),
      ),
    ),
  );

export async function leaseNodesInContainers({ docker, compose }: Engine): Promise<void> {
  const services = nodes.map((node) => `lease-${String(node)}`);
  try {
    await compose(...project, '--profile', 'quorum', 'up', '--detach', '--no-build', ...services);
    for (const node of nodes)
      await until(`lease node ${String(node)} votes`, () =>
        ok(`http://127.0.0.1:${String(5010 + node)}/readyz`),
      );
    const container = await compose(...project, 'ps', '--quiet', 'lease-1');
    const voters = services.map((name) => `http://${name}:5001`).join(',');
    const run = [
      'holdfast',
      'quorum',
      'lock',
      'run',
      '--nodes',
      voters,
      'job',
      '--',
      'echo',
      'held',
    ];
    assert.match(await docker('exec', container, ...run), /held/);
    await docker('kill', await compose(...project, 'ps', '--quiet', 'lease-3'));
    assert.match(await docker('exec', container, ...run), /held/);
  } finally {
    await compose(...project, '--profile', 'quorum', 'down', '--volumes');
  }
}

/** The profile "sync": a cluster on the ports of 8001 to 8003, and Redis servers that vote on quorum leases. */
export async function syncInContainers({ docker, compose }: Engine): Promise<void> {
  const services = nodes.flatMap((node) => [`sync-${String(node)}`, `redis-${String(node)}`]);
  const profile = [...project, '--profile', 'sync'];
  const url = (node: NodeNumber): string => `http://127.0.0.1:${String(8000 + node)}`;
  try {
    await compose(...profile, 'up', '--detach', '--no-build', ...services);
    for (const node of nodes)
      await until(`node ${String(node)} of the profile sync is ready`, () =>
        ok(`${url(node)}/readyz`),
      );
    const { fence_token: token } = await acquire(url(1), 'sync');
    assert.equal(await tokenOf(url(2), 'sync'), token);
    const container = await compose(...profile, 'ps', '--quiet', 'sync-1');
    const voters = nodes.map((node) => `redis://redis-${String(node)}:6379`).join(',');
    const quorum = ['holdfast', 'quorum'];
    const admission = ['admit', '--voters', voters, '--new-set', '--longest-ttl', '10'];
    await docker('exec', container, ...quorum, ...admission);
    const command = [...quorum, 'lock', 'run', '--voters', voters, '--ttl', '5', 'job', '--'];
    assert.match(await docker('exec', container, ...command, 'echo', 'held'), /held/);
    await docker('kill', await compose(...profile, 'ps', '--quiet', 'redis-3'));
    assert.match(await docker('exec', container, ...command, 'echo', 'held'), /held/);
  } catch (error) {
    console.error(await compose(...profile, 'logs', '--tail', '40').catch(() => ''));
    throw error;
  } finally {
    await compose(...profile, 'down', '--volumes');
  }
}

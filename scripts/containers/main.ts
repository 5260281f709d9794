/**
 * The image and the Compose file, tried with a container engine: `make test-containers`.
 *
 * Builds the image, on BASE where that is given and else on a stand-in; runs the single container and the whole Compose
 * file, kills a container, cuts one from its network, starts all with new addresses, and takes locks through all of it.
 * Needs ports 5000 to 5002, 5011 to 5013, 6381 to 6383, 8001 to 8003, 9100 to 9102, 8080 and 9090 of this machine. Where no engine can be had it says
 * so and tests nothing: that ends with status 0, and with 1 where CI is set.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBase, makeContext } from './base-image.ts';
import { openEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import {
  clusterInContainers,
  imageSize,
  leaseNodesInContainers,
  singleContainer,
  syncInContainers,
} from './trials.ts';

/** One image for both, where none can be pulled. */
const standIn = 'holdfast-stand-in-base';
const hasBase = process.env['BASE'] !== undefined;

const offline = '--offline --cache .npm-cache';

const base = process.env['BASE'] ?? standIn;

async function build(engine: Engine, scratch: string): Promise<void> {
  if (!hasBase) await step('a stand-in for the base image', () => makeBase(engine, scratch, base));
  const context = await step('what the build needs', () => makeContext(scratch));
  const settings = ['--build-arg', `BASE=${base}`, '--build-arg', `NPM_OPTIONS=${offline}`];
  await step('docker build, without a network', () =>
    engine.docker('build', '--network', 'none', ...settings, '--tag', 'holdfast', context),
  );
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  process.stdout.write(`${what} ... `);
  const result = await work();
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-containers-'));
try {
  // The former builder of Docker needs no plugin.
  const engine = await openEngine({
    DOCKER_BUILDKIT: '0',
    HOLDFAST_IMAGE: 'holdfast',
    ...(hasBase ? {} : { REDIS_IMAGE: standIn }),
  });
  if (typeof engine === 'string') {
    console.log(`SKIPPED: containers were not tested, for ${engine}.`);
    // Nobody reads that where it is one of many jobs.
    if (process.env['CI'] !== undefined) process.exitCode = 1;
  } else await tryWith(engine);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function tryWith(engine: Engine): Promise<void> {
  try {
    if (process.env['SKIP_BUILD'] === undefined) await build(engine, scratch);
    console.log(await step('the size of the image', () => imageSize(engine, base)));
    await step('the single container', () => singleContainer(engine));
    await step('three nodes of compose.yaml', () => clusterInContainers(engine));
    await step('three lease nodes of compose.yaml', () => leaseNodesInContainers(engine));
    await step('three nodes and three Redis servers of compose.yaml', () =>
      syncInContainers(engine),
    );
    console.log('Containers do what they should.');
  } finally {
    await engine.close();
  }
}

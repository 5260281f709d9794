/**
 * A node as a process: log, signals, and an end that nobody has to clean up after.
 *
 * RELOAD-1: SIGHUP ends no node that a service manager started, with or without certificates: who reloads a service means it
 *     to go on, and systemd takes that end for one in order, after which it starts nothing anew. In a terminal a node
 *     without certificates ends with the terminal, unless it is the first process of a container: who signals that means a reload.
 */
import { isatty } from 'node:tty';
import type { Logger } from 'pino';
import { countBuffers, limitGrowth } from './collector-limits.ts';
import type { Configuration } from './configuration/load.ts';
import { lowerHelperThreads } from './helper-threads.ts';
import { onceHeapIsLarge } from './large-heap.ts';
import { LogDestination } from './log-destination.ts';
import { startNode } from './node.ts';
import type { RunningNode } from './node.ts';
import { StopRequests } from './stopping.ts';
import { textLines } from './text-log.ts';
import { openTracing } from './tracing/open-telemetry.ts';
import { version } from './version.ts';

/** Exit status of a node that met an error it must not survive. */
const fatalExitStatus = 70;

/** Starts a node and ties it to this process. Resolves when it serves clients. */
export async function runNode(configuration: Configuration): Promise<RunningNode> {
  countBuffers();
  onceHeapIsLarge(() => {
    limitGrowth();
    lowerHelperThreads();
  });
  const stops = new StopRequests();
  stops.listen();
  // Unheard, that signal opens Node's debugger.
  process.on('SIGUSR1', () => undefined);
  const reloads = new ReloadRequests(configuration);
  const { log, lostLines } = await openLog(configuration);
  stops.tellIn(log);
  reloads.tellIn(log);
  const fatal = (error: unknown): void => {
    // A half-dead node is worse than a dead one: no clean-up that could hang.
    try {
      log.fatal(
        { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
        'This node cannot go on.',
      );
    } finally {
      process.exit(fatalExitStatus);
    }
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  const delay = process.env['HOLDFAST_TEST_WRITE_DELAY_MS'];
  const level = process.env['HOLDFAST_TEST_FEATURE_LEVEL'];
  const { nodeId, clusterId } = configuration;
  const tracing = await openTracing(process.env, { nodeId, clusterId, version }, log);
  const node = await startNode(configuration, {
    log,
    lostLogLines: lostLines,
    tracing,
    onFatal: fatal,
    ...(delay === undefined ? {} : { writeDelayMs: Number(delay) }),
    ...(level === undefined ? {} : { supportedFeatureLevel: Number(level) }),
  });
  // It stops, and the process with it.
  if (!stops.started(node)) await new Promise<never>(() => undefined);
  reloads.started(node);
  if (configuration.exposed.length > 0)
    log.warn(
      { reached_by: configuration.exposed },
      'INSECURE: other machines reach this node without TLS and authentication, as security.insecure says. Everybody who reaches it can do everything.',
    );
  process.send?.({ ready: true, url: node.url });
  log.info(
    { node_id: node.nodeId, url: node.url, folder: configuration.folder },
    'Serving clients.',
  );
  return node;
}

/** SIGHUP reads the certificates again: heard before they are read for the first time, as they may change while a node starts. */
class ReloadRequests {
  readonly #hasFiles: boolean;
  #log: Logger | undefined;
  #reload: RunningNode['reload'];
  #isAsked = false;

  constructor({ tls, queueRedis }: Configuration) {
    this.#hasFiles = tls !== null || (queueRedis?.files ?? null) !== null;
    const isService = !isatty(0) || process.pid === 1; // RELOAD-1
    if (this.#hasFiles || isService) process.on('SIGHUP', () => this.#ask());
  }

  tellIn(log: Logger): void {
    this.#log = log;
  }

  started({ reload }: RunningNode): void {
    this.#reload = reload;
    if (this.#isAsked) void reload?.();
  }

  #ask(): void {
    this.#isAsked = true;
    if (!this.#hasFiles)
      this.#log?.info({}, 'SIGHUP: this node has no certificates to read again. It goes on.');
    void this.#reload?.();
  }
}

interface NodeLog {
  readonly log: Logger;
  readonly lostLines: () => number;
}

async function openLog(configuration: Configuration): Promise<NodeLog> {
  const { pino } = await import('pino');
  const { logFormat, logLevel } = configuration;
  const text = logFormat === 'text' || (logFormat === 'auto' && process.stderr.isTTY);
  const destination = new LogDestination();
  const log = pino(
    { level: logLevel, base: { node: configuration.nodeId } },
    text ? textLines(destination) : destination,
  );
  return { log, lostLines: () => destination.lostLines };
}

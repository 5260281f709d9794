/** A node as a process: log, signals, and an end that nobody has to clean up after. */
import type { Logger } from 'pino';
import type { Configuration } from './configuration/load.ts';
import { startNode } from './node.ts';
import type { RunningNode } from './node.ts';
import { textLines } from './text-log.ts';
import { openTracing } from './tracing/open-telemetry.ts';
import { version } from './version.ts';

/** Exit status of a node that met an error it must not survive. */
const fatalExitStatus = 70;
const gracefulStopMs = 5000;

/** Starts a node and ties it to this process. Resolves when it serves clients. */
export async function runNode(configuration: Configuration): Promise<RunningNode> {
  const log = await openLog(configuration);
  const fatal = (error: unknown): void => {
    // A half-dead node is worse than a dead one: no clean-up that could hang.
    log.fatal(
      { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      'This node cannot go on.',
    );
    process.exit(fatalExitStatus);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  const delay = process.env['HOLDFAST_TEST_WRITE_DELAY_MS'];
  const level = process.env['HOLDFAST_TEST_FEATURE_LEVEL'];
  const { nodeId, clusterId } = configuration;
  const tracing = await openTracing(process.env, { nodeId, clusterId, version }, log);
  const node = await startNode(configuration, {
    log,
    tracing,
    onFatal: fatal,
    ...(delay === undefined ? {} : { writeDelayMs: Number(delay) }),
    ...(level === undefined ? {} : { supportedFeatureLevel: Number(level) }),
  });
  const stop = stopper(node, log);
  process.on('SIGTERM', stop);
  // Unheard, that signal opens Node's debugger.
  process.on('SIGUSR1', () => undefined);
  process.on('SIGINT', stop);
  const { reload } = node;
  // Without TLS it ends the process, as it does where nobody listens for it.
  if (reload !== undefined) process.on('SIGHUP', () => void reload());
  // A cluster's parent holds the other end: when it is gone, so are its nodes.
  if (process.env['HOLDFAST_STOP_WITH_PARENT'] === '1') {
    process.on('disconnect', stop);
    if (!process.connected) stop(); // It went while this node was starting.
  }
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

function stopper(node: RunningNode, log: Logger): () => void {
  let stopping = false;
  return () => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({}, 'Stopping; once more to stop at once.');
    setTimeout(() => process.exit(1), gracefulStopMs).unref();
    node.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: String(error) }, 'Stopping failed.');
        process.exit(1);
      },
    );
  };
}

async function openLog(configuration: Configuration): Promise<Logger> {
  const { pino } = await import('pino');
  const { logFormat, logLevel } = configuration;
  const text = logFormat === 'text' || (logFormat === 'auto' && process.stderr.isTTY);
  const destination = text ? textLines(process.stderr) : pino.destination({ dest: 2, sync: true });
  return pino({ level: logLevel, base: { node: configuration.nodeId } }, destination);
}

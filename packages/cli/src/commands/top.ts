/** `holdfast top`: what goes on in the cluster, live or as one frame. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { noneAnswered } from '../ask-node.ts';
import { UsageError } from '../failure.ts';
import type { Output } from '../output.ts';
import type { Environment } from '../environment.ts';
import { composeFrame } from '../top/frame.ts';
import { watchLive } from '../top/live.ts';
import { makeReport } from '../top/report.ts';
import { ClusterWatch } from '../top/watch.ts';
import type { Reading } from '../top/watch.ts';
import { secondsOf } from '../with-client.ts';

const shortestIntervalSeconds = 0.1;
const longestIntervalSeconds = 3600;

interface TopOptions {
  readonly interval: string;
  readonly once?: boolean;
}

export function addTopCommand(program: Command, at: () => Environment): void {
  program
    .command('top')
    .description(
      'Shows what goes on: leader, nodes, rates, sessions, and the locks most waited for.',
    )
    .option('--interval <seconds>', 'time between two readings', '1')
    .option('--once', 'print one frame and end; its rates are of one interval')
    .addHelpText(
      'after',
      `
q or Ctrl-C ends it. With --json, or where stdout is no terminal, one frame is printed as with --once.
Rates are of the whole cluster: grants of locks and permits by the fence tokens that were given;
commands and the mean time of a commit by the counters of the leader. Nodes are asked over HTTP, without
a proof of leadership: what is shown may be older than an answer of "lock status" by a moment.

Exit status: 0; 5 when no node answers at the beginning.

Examples:
  holdfast top --interval 5
  holdfast top --once --json`,
    )
    .action(async (options: TopOptions) => top(at(), options));
}

async function top(environment: Environment, options: TopOptions): Promise<void> {
  const intervalMs = intervalOf(options.interval) * 1000;
  const { output, finish } = environment;
  const endpoints = await environment.endpoints();
  const watch = new ClusterWatch(endpoints);
  const first = await watch.read(new AbortController().signal);
  if (first.cluster === undefined) throw noneAnswered(endpoints, watch.failures);
  const { stdin, stdout } = process;
  const canDraw = stdout.isTTY && process.env['TERM'] !== 'dumb';
  if (canDraw && !output.json && options.once !== true)
    finish(await watchLive(watch, first, intervalMs, { out: stdout, in: stdin }));
  else await printOnce(output, watch, first, intervalMs);
}

async function printOnce(
  output: Output,
  watch: ClusterWatch,
  first: Reading,
  intervalMs: number,
): Promise<void> {
  await pause(intervalMs);
  const second = await watch.read(new AbortController().signal);
  const report = makeReport(first, second, makeReport(undefined, first, undefined));
  output.write(
    output.json
      ? `${JSON.stringify(report, null, 2)}\n`
      : `${composeFrame(report)
          .map((line) => line.text)
          .join('\n')}\n`,
  );
}

/** @throws UsageError */
function intervalOf(text: string): number {
  const seconds = secondsOf('--interval', text) ?? 1;
  if (seconds < shortestIntervalSeconds || seconds > longestIntervalSeconds)
    throw new UsageError(
      `--interval takes ${String(shortestIntervalSeconds)} to ${String(longestIntervalSeconds)} seconds; given: "${text}".`,
    );
  return seconds;
}

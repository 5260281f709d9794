/** `holdfast top` on a terminal: reads, draws, waits, until somebody has seen enough. */
import { constants } from 'node:os';
import { composeFrame } from './frame.ts';
import { makeReport } from './report.ts';
import type { Report } from './report.ts';
import { Screen } from './screen.ts';
import type { TerminalIn, TerminalOut } from './screen.ts';
import type { ClusterWatch, Reading } from './watch.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * @param first What was read before the terminal was taken.
 * @returns 0 when a key ended it, else 128 + the signal's number.
 */
export async function watchLive(
  watch: ClusterWatch,
  first: Reading,
  intervalMs: number,
  streams: { readonly out: TerminalOut; readonly in: TerminalIn },
): Promise<number> {
  const stop = new AbortController();
  let status = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    status = 128 + constants.signals[signal];
    stop.abort();
  };
  for (const signal of signals) process.on(signal, onSignal);
  let report: Report = makeReport(undefined, first, undefined);
  const draw = (): void => screen.draw(composeFrame(report, screen.size));
  using screen = new Screen(
    streams,
    { quit: () => stop.abort(), resize: () => draw() },
    process.env['NO_COLOR'] === undefined,
  );
  try {
    draw();
    let previous = first;
    for (;;) {
      // From one reading to the next, so that a slow one does not slow down all.
      await untilNext(previous.at.monotonicMs + intervalMs, stop.signal);
      if (stop.signal.aborted) return status;
      const current = await watch.read(stop.signal);
      if (stop.signal.aborted) return status;
      report = makeReport(previous, current, report);
      previous = current;
      draw();
    }
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

function untilNext(dueMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, dueMs - performance.now()));
    stop.addEventListener('abort', end);
    if (stop.aborted) end();
  });
}

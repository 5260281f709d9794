/** `holdfast top` on a terminal: reads, draws, waits, until somebody has seen enough. */
import { StopSignal } from '../until-signal.ts';
import { composeFrame } from './frame.ts';
import { makeReport } from './report.ts';
import type { Report } from './report.ts';
import { Screen } from './screen.ts';
import type { TerminalIn, TerminalOut } from './screen.ts';
import type { ClusterWatch, Reading } from './watch.ts';

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
  const quit = new AbortController();
  using stopped = new StopSignal();
  const stop = AbortSignal.any([quit.signal, stopped.signal]);
  let report: Report = makeReport(undefined, first, undefined);
  const draw = (): void => screen.draw(composeFrame(report, screen.size));
  using screen = new Screen(
    streams,
    { quit: () => quit.abort(), resize: () => draw() },
    process.env['NO_COLOR'] === undefined,
  );
  draw();
  let previous = first;
  for (;;) {
    // From one reading to the next, so that a slow one does not slow down all.
    await untilNext(previous.at.monotonicMs + intervalMs, stop);
    if (stop.aborted) return stopped.status ?? 0;
    const current = await watch.read(stop);
    if (stop.aborted) return stopped.status ?? 0;
    report = makeReport(previous, current, report);
    previous = current;
    draw();
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

/**
 * The longest turn of the event loop in the last minute, as a metric for Prometheus.
 *
 * LONGEST-TURN-1: reading changes nothing. A maximum that starts anew with each reading would be lost to whoever reads
 *   second; here a second is closed by the clock alone, and the metric is the largest of the last 60 and of the
 *   present one. Whoever asks at least once a minute misses no turn.
 * LONGEST-TURN-2: the turn in which a second is closed is not lost. A monitor of Node forgets with its reset when the present
 *   turn began, so that this turn is missing from it. So there are three, of which one is reset each second, in turns: a
 *   turn may end behind the next second, too, and the second is closed before the monitors see it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '@holdfast/engine/parts';

/** A timer that is due so often is late by what the turn before it took: a turn is told to within so much. */
const resolutionMs = 5;
const everyMs = 1000;
const windowSeconds = 60;

/** Where the turns come from: what was the longest since `reset`. */
export interface TurnSource {
  readonly longestSeconds: () => number;
  readonly reset: () => void;
  readonly close: () => void;
}

type Monitor = ReturnType<typeof monitorEventLoopDelay>;

export interface LongestTurn {
  /** Of the last minute, the present second included. */
  seconds(): number;
  close(): void;
}

export function watchLongestTurn(
  clock: Pick<Clock, 'after'>,
  source: TurnSource = eventLoopTurns(),
): LongestTurn {
  const closed = new Float64Array(windowSeconds);
  let position = 0;
  let cancel: () => void;
  const closeSecond = (): void => {
    closed[position] = source.longestSeconds();
    position = (position + 1) % windowSeconds;
    source.reset();
    cancel = clock.after(everyMs, closeSecond);
  };
  cancel = clock.after(everyMs, closeSecond);
  return {
    seconds: () => closed.reduce((longest, one) => Math.max(longest, one), source.longestSeconds()), // LONGEST-TURN-1
    close() {
      cancel();
      source.close();
    },
  };
}

/** The event loop of this process. A turn is told until the third reset after it at the latest. */
function eventLoopTurns(): TurnSource {
  const monitor = (): Monitor => {
    const delays = monitorEventLoopDelay({ resolution: resolutionMs });
    delays.enable();
    return delays;
  };
  let monitors: readonly [Monitor, Monitor, Monitor] = [monitor(), monitor(), monitor()];
  return {
    longestSeconds: () => monitors.reduce((longest, { max }) => Math.max(longest, max), 0) / 1e9,
    reset() {
      const [oldest, second, third] = monitors;
      oldest.reset(); // LONGEST-TURN-2
      monitors = [second, third, oldest];
    },
    close: () => monitors.forEach((one) => one.disable()),
  };
}

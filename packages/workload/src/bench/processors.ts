/** How much processor time a cycle takes, in each process that has a part in it. */
import type { LocalCluster } from '@holdfast/server';
import { watchProcessors } from '../statistics/processor-time.ts';
import type { LoadPlan, Processors } from './plan.ts';

/** The load generator is up by then, and does not end before: its own start comes before its warm-up. */
const marginMs = 250;

export interface ProcessorMeasure {
  /** The load generator has started, as this process. */
  readonly start: (clientPid: number) => void;
  /** When it has ended. Null where the system does not tell, or the time was too short. */
  readonly ofCycle: (cyclesPerSecond: number) => Processors | null;
}

/** Looks at the processes while the cycles of this plan are counted. */
export function measureProcessors(
  cluster: Pick<LocalCluster, 'nodes'>,
  leaderId: string,
  { warmUpMs, measureMs }: Pick<LoadPlan, 'warmUpMs' | 'measureMs'>,
): ProcessorMeasure {
  const pidsOf = (leads: boolean): readonly number[] =>
    cluster.nodes
      .filter(({ nodeId }) => (nodeId === leaderId) === leads)
      .flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  let usedMs: readonly number[] | undefined;
  let watchedMs = 0;
  return {
    start(clientPid) {
      if (measureMs <= 2 * marginMs) return;
      const begin = setTimeout(() => {
        const used = watchProcessors([...pidsOf(true), ...pidsOf(false), clientPid]);
        const fromMs = performance.now();
        const end = setTimeout(
          () => {
            usedMs = used();
            watchedMs = performance.now() - fromMs;
          },
          measureMs - 2 * marginMs,
        );
        end.unref();
      }, warmUpMs + marginMs);
      begin.unref();
    },
    ofCycle(cyclesPerSecond) {
      const cycles = (cyclesPerSecond * watchedMs) / 1000;
      if (usedMs === undefined || cycles === 0) return null;
      const [leader = 0, ...others] = usedMs.map((ms) => (ms * 1000) / cycles);
      return { leader, followers: others.slice(0, -1), client: others.at(-1) ?? 0 };
    },
  };
}

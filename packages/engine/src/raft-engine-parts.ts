/** What an engine is made of, whatever clock, disk and network it stands on. */
import type { Tracing } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import type { StateLimits } from '@holdfast/state';
import type { Clock } from './clock.ts';
import type { Timings } from './timings.ts';
import type { EngineLog, EngineStats } from './types.ts';

export interface RaftEngineParts {
  readonly nodeId: MemberId;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly storageStats: () => EngineStats['storage'];
  readonly timings: Timings;
  readonly closeStorage: () => Promise<void>;
  /** Put in force when this node begins to lead. */
  readonly stateLimits: StateLimits;
  /** Other nodes can reach this one. */
  readonly reachable: boolean;
  /** This node was, as far as it knows (`removal.ts`). */
  readonly isRemoved: () => boolean;
  readonly onDiverged: (error: Error) => void;
  /** Smaller than `maxBatchBytes` of bounds.ts, for tests. */
  readonly maxBatchBytes?: number;
  readonly tracing: Tracing | undefined;
}

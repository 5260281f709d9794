/**
 * What a run is about. Half of the runs have a choice of everything; each of the others is about one mechanism:
 * its settings, faults and clients bring about, many times in a short run, what that mechanism is for. So rare
 * orders of events are met in hundreds of runs, not in hundreds of thousands.
 */
import type { Settings } from '../cluster/node.ts';
import type { Random } from '../world/random.ts';
import { World } from '../world/world.ts';
import { faultKinds } from './fault-kinds.ts';
import type { FaultKind } from './fault-kinds.ts';

export const focuses = [
  'elections',
  'membership',
  'snapshots',
  'leases',
  'deposed',
  'queues',
  'batches',
  'repetitions',
  'upgrades',
  'messages',
  'cache',
] as const;
/** Runs about the cache are half of those that are picked to be about messages: the seeds of the others stay what they are. */
const pickedFocuses = focuses.filter((focus) => focus !== 'cache');
export type Focus = 'everything' | (typeof focuses)[number];
export const isFocus = (text: string): text is Focus =>
  text === 'everything' || focuses.some((focus) => focus === text);

/** How workers and players go about. */
export interface ClientPlan {
  readonly workers: number;
  readonly players: number;
  /** Who push messages and work on them. */
  readonly couriers: number;
  /** Who read and write the cache. */
  readonly keepers: number;
  readonly locks: readonly string[];
  readonly sharedProbability: number;
  readonly longestPauseMs: number;
  readonly lockDelaySeconds: number;
  /** The shortest and the longest timeout of a session, in seconds. */
  readonly timeoutSeconds: readonly [shortest: number, longest: number];
  /** Of one call: those that are shorter than an outage leave the outcome unknown. */
  readonly callTimeoutsMs: readonly number[];
  /** How long the longest steps under a lock are. */
  readonly longHoldProbability: number;
  /** How often a session takes many holds at once, and keeps them until it ends. */
  readonly hoardProbability: number;
  /** Bytes of metadata in requests: as large as fits into an entry beside little else. */
  readonly metadataBytes: number;
  /** Rounds of players; each of what there is where empty. */
  readonly rounds: readonly Round[];
}

export const rounds = ['lead', 'pair', 'meet', 'count', 'urgent', 'nest', 'single'] as const;
export type Round = (typeof rounds)[number];

export interface Plan {
  readonly focus: Focus;
  readonly size: number;
  readonly clockDrift: number;
  readonly settings: Settings;
  /** What differs from node to node. */
  readonly vary: (settings: Settings) => Settings;
  readonly kinds: readonly FaultKind[];
  /** Between two faults. */
  readonly meanPauseMs: number;
  /** How long faults go on. */
  readonly sufferMs: number;
  readonly clients: ClientPlan;
  /** How often a first member begins with the program of an older release. */
  readonly olderProbability: number;
}

export function planOf(random: Random): Plan {
  const picked = random.withProbability(0.45) ? 'everything' : random.pick(pickedFocuses);
  const focus = picked === 'messages' && random.withProbability(0.5) ? 'cache' : picked;
  const everything = planOfEverything(random);
  return focus === 'everything' ? everything : { ...everything, ...shapes[focus](random), focus };
}

/** What the run of a seed is about, without running it. */
export const focusOf = (seed: bigint): Focus => planOf(new World(seed).random.fork()).focus;

function planOfEverything(random: Random): Plan {
  const settings = {
    heartbeatMs: 100,
    electionTimeoutMinMs: 300,
    electionTimeoutMaxMs: 600,
    snapshotLogBytes: random.pick([3000, 20_000, 64 * 1024 * 1024]),
    keptEntries: random.pick([0, 10, 1000]),
    maxAppendBytes: random.pick([1, 500, 1024 * 1024]),
    maxBatchBytes: random.pick([300, 1024 * 1024]),
    snapshotChunkBytes: random.pick([100, 2000, 256 * 1024]),
    maxEntriesPerTurn: random.pick([3, 1000]),
  };
  // Some runs are nothing but elections.
  const stormy = random.withProbability(0.15);
  const kinds: readonly FaultKind[] = stormy
    ? ['storm', 'storm', 'transfer']
    : faultKinds.filter(() => random.withProbability(0.35));
  return {
    focus: 'everything',
    size: random.pick([1, 3, 3, 3, 3, 3, 5, 5]),
    clockDrift: random.pick([0, 0.0005, 0.02]),
    settings,
    vary: (same) => same,
    kinds,
    meanPauseMs: random.between(150, stormy ? 600 : 1500),
    sufferMs: random.between(5000, 20_000),
    olderProbability: 0,
    clients: {
      workers: 2 + random.below(4),
      players: random.withProbability(0.5) ? 2 + random.below(2) : 0,
      couriers: 0,
      keepers: 0,
      locks: ['red', 'blue', 'green'].slice(0, 1 + random.below(3)),
      sharedProbability: random.pick([0, 0, 0.4]),
      longestPauseMs: random.pick([20, 300]),
      lockDelaySeconds: random.pick([0, 0, 0, 1]),
      timeoutSeconds: [2, 5],
      callTimeoutsMs: [400, 2000, 10_000],
      longHoldProbability: 0.12,
      hoardProbability: 0.05,
      metadataBytes: 0,
      rounds: [],
    },
  };
}

type Shape = Partial<Omit<Plan, 'focus'>>;

/** Clients of runs about what happens between nodes: few, quick, and about one lock or two. */
const few = (random: Random): ClientPlan => ({
  ...planOfEverything(random).clients,
  workers: 2 + random.below(2),
  players: 0,
  longestPauseMs: 20,
});
const settingsWith = (random: Random, some: Partial<Settings>): Settings => ({
  ...planOfEverything(random).settings,
  ...some,
});

const shapes: Readonly<Record<(typeof focuses)[number], (random: Random) => Shape>> = {
  /** Leaders that end just after they began, again and again, with entries that few others have. */
  elections: (random) => ({
    size: random.pick([3, 3, 5]),
    settings: settingsWith(random, {
      heartbeatMs: 20,
      electionTimeoutMinMs: 60,
      electionTimeoutMaxMs: 120,
      snapshotLogBytes: 64 * 1024 * 1024,
      maxAppendBytes: random.pick([1, 1, 500]),
      maxBatchBytes: 300,
    }),
    kinds: random.pick([
      ['end_leaders'],
      ['end_leaders', 'end_leaders', 'isolate_leader', 'slow_disk'],
      ['end_leaders', 'storm', 'transfer', 'slow_line'],
    ]),
    meanPauseMs: random.between(200, 600),
    sufferMs: random.between(3000, 8000),
    clients: few(random),
  }),

  /** Members come and go by several at once, while parts form that count differently. */
  membership: (random) => ({
    size: 3,
    settings: settingsWith(random, {
      heartbeatMs: 50,
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs: random.pick([300, 600]),
      keptEntries: random.pick([10, 1000]),
    }),
    kinds: random.pick([
      ['membership', 'part_at_change'],
      ['membership', 'membership', 'part_at_change', 'kill_leader'],
      ['membership', 'part_at_change', 'isolate_leader', 'transfer'],
    ]),
    meanPauseMs: random.between(150, 500),
    sufferMs: random.between(4000, 10_000),
    clients: few(random),
  }),

  /** Small logs, nodes that fall behind, snapshots that are made and sent at different times, disks that are slow. */
  snapshots: (random) => ({
    size: random.pick([3, 3, 5]),
    settings: settingsWith(random, {
      snapshotLogBytes: 2000,
      keptEntries: 0,
      snapshotChunkBytes: random.pick([100, 2000]),
    }),
    vary: (settings) => ({ ...settings, snapshotLogBytes: random.pick([1000, 2000, 5000]) }),
    kinds: random.pick([
      ['lagging_follower', 'disturbed_transfer', 'slow_snapshots'],
      ['lagging_follower', 'slow_snapshots', 'kill', 'backup'],
      ['lagging_follower', 'disturbed_transfer', 'lost_log', 'transfer', 'slow_disk'],
      // Those who watch stay at a node that a snapshot takes further.
      ['pause', 'pause', 'slow_snapshots'],
    ]),
    meanPauseMs: random.between(150, 500),
    sufferMs: random.between(3000, 8000),
    clients: { ...few(random), players: 2, hoardProbability: 0.2 },
  }),

  /** Clients whose lines are slow and then gone, who live by keepalives or by what they do. */
  leases: (random) => ({
    size: 3,
    kinds: random.pick([
      ['lapse_client'],
      ['lapse_client', 'stall_client', 'kill_client'],
      ['lapse_client', 'weather', 'pause', 'transfer'],
    ]),
    meanPauseMs: random.between(400, 1500),
    sufferMs: random.between(5000, 10_000),
    clients: {
      ...few(random),
      workers: 3,
      locks: ['red'],
      sharedProbability: 0,
      timeoutSeconds: random.pick([
        [1, 1],
        [1, 2],
        [2, 4],
      ]),
      longHoldProbability: 0.6,
    },
  }),

  /** A leader that others have replaced, with clients that reach nobody else, and answers that are under way long. */
  deposed: (random) => ({
    size: random.pick([3, 3, 5]),
    settings: settingsWith(random, {
      heartbeatMs: 50,
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs: random.pick([600, 1200]),
    }),
    kinds: random.pick([['depose'], ['depose', 'slow_line'], ['depose', 'transfer', 'pause']]),
    meanPauseMs: random.between(1000, 2500),
    sufferMs: random.between(6000, 12_000),
    clients: {
      ...few(random),
      workers: 4,
      locks: ['red'],
      sharedProbability: 0,
      timeoutSeconds: [1, 1],
      callTimeoutsMs: [2000],
      longHoldProbability: 0.4,
    },
  }),

  /** Many who want the same, in all ways; hardly anything goes wrong. */
  queues: (random) => ({
    size: random.pick([1, 3]),
    kinds: random.pick([['kill_client'], ['transfer', 'kill_client'], ['weather', 'stop']]),
    meanPauseMs: random.between(1500, 3000),
    sufferMs: random.between(3000, 7000),
    clients: {
      ...few(random),
      workers: random.pick([0, 2]),
      players: 5,
      rounds: random.pick([
        ['pair', 'single', 'nest'],
        ['nest', 'nest', 'pair'],
        ['urgent'],
        ['pair', 'nest', 'lead', 'meet', 'count'],
      ]),
    },
  }),

  /** Members of different releases, upgraded one by one and now and then back, under all that delays the raise. */
  upgrades: (random) => ({
    size: random.pick([3, 3, 5]),
    settings: settingsWith(random, {
      heartbeatMs: 50,
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs: 300,
      snapshotLogBytes: random.pick([2000, 20_000]),
      keptEntries: random.pick([0, 1000]),
    }),
    kinds: random.pick([
      ['upgrade'],
      ['upgrade', 'upgrade', 'kill_leader', 'transfer'],
      ['upgrade', 'upgrade', 'isolate_leader', 'slow_disk', 'membership'],
      ['upgrade', 'upgrade', 'lagging_follower', 'slow_snapshots', 'part'],
    ]),
    olderProbability: random.pick([0.3, 1]),
    meanPauseMs: random.between(150, 500),
    sufferMs: random.between(4000, 9000),
    clients: few(random),
  }),

  /** Answers that come late or never, again and again: requests are sent again, to other nodes and under other leaders. */
  repetitions: (random) => ({
    size: 3,
    settings: settingsWith(random, {
      heartbeatMs: 50,
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs: 300,
    }),
    kinds: random.pick([
      ['cut_one_way', 'transfer'],
      ['slow_line', 'transfer', 'kill_leader'],
      ['weather', 'cut_both_ways', 'transfer'],
    ]),
    meanPauseMs: random.between(100, 400),
    sufferMs: random.between(4000, 8000),
    clients: {
      ...few(random),
      workers: random.pick([0, 3]),
      players: 4,
      locks: ['red'],
      sharedProbability: 0.4,
      timeoutSeconds: [4, 8],
      callTimeoutsMs: [10_000],
      rounds: random.pick([['count'], ['count', 'urgent'], ['lead', 'meet', 'urgent', 'count']]),
    },
  }),

  /** Messages that many push and work on, while leaders, lines and consumers come and go. */
  messages: (random) => ({
    size: random.pick([1, 3, 3, 5]),
    settings: settingsWith(random, {
      heartbeatMs: 50,
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs: 300,
      snapshotLogBytes: random.pick([2000, 20_000]),
      keptEntries: random.pick([0, 1000]),
    }),
    kinds: random.pick([
      ['kill_client', 'pause', 'transfer'],
      ['kill_leader', 'stall_client', 'slow_line', 'lagging_follower'],
      ['isolate_leader', 'lapse_client', 'slow_disk', 'kill'],
    ]),
    meanPauseMs: random.between(200, 1000),
    sufferMs: random.between(5000, 10_000),
    clients: { ...few(random), workers: random.pick([0, 1]), couriers: 3 + random.below(3) },
  }),

  /** Reads of few keys on all nodes and in the memories of clients, and writes of them, while nodes and clients are cut off, paused and started anew, and leaders change. */
  cache: (random) => ({
    size: random.pick([1, 3, 3, 3, 5]),
    settings: settingsWith(random, {
      heartbeatMs: 50,
      electionTimeoutMinMs: 150,
      electionTimeoutMaxMs: 300,
      snapshotLogBytes: random.pick([2000, 20_000]),
      keptEntries: random.pick([0, 1000]),
    }),
    kinds: random.pick([
      ['pause', 'transfer', 'cut_both_ways', 'stall_client'],
      ['isolate_leader', 'slow_line', 'kill', 'lapse_client'],
      ['kill_leader', 'pause', 'weather', 'stall_client'],
      ['cut_both_ways', 'isolate_leader', 'slow_disk', 'lapse_client'],
    ]),
    meanPauseMs: random.between(400, 2500),
    sufferMs: random.between(7000, 12_000),
    clients: {
      ...few(random),
      workers: 0,
      keepers: 3 + random.below(3),
      callTimeoutsMs: [400, 4000, 10_000],
    },
  }),

  /** Entries as large as they may be, many of them at once, and calls that nobody waits for any longer. */
  batches: (random) => ({
    size: 3,
    settings: settingsWith(random, {
      maxAppendBytes: random.pick([500, 3000]),
      maxBatchBytes: random.pick([1000, 3000]),
      maxEntriesPerTurn: 3,
      snapshotLogBytes: random.pick([5000, 64 * 1024 * 1024]),
    }),
    kinds: random.pick([
      ['slow_disk', 'weather'],
      ['slow_disk', 'kill_leader', 'slow_line'],
      ['lagging_follower', 'slow_disk', 'pause'],
    ]),
    meanPauseMs: random.between(300, 1000),
    sufferMs: random.between(3000, 7000),
    clients: {
      ...few(random),
      workers: 4,
      players: 2,
      callTimeoutsMs: [150, 400],
      hoardProbability: 0.3,
      metadataBytes: 900,
      rounds: ['single', 'pair', 'lead'],
    },
  }),
};

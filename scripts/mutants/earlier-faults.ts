/**
 * Faults that trials of the landed code once found, each mended since, and by which planted faults they are put
 * back: what finds these now would have found them then.
 */
export interface EarlierFault {
  /** What was seen. */
  readonly seen: string;
  /** Names of planted faults. */
  readonly planted: readonly string[];
  /** Files of tests that do what was done then, below packages/, without their ending. */
  readonly kept: readonly string[];
}

export const earlierFaults: readonly EarlierFault[] = [
  {
    seen: 'a member whose log alone was deleted started with an empty one, and voted',
    planted: ['log-not-missed', 'log-not-recorded', 'used-log-begun-anew'],
    kept: ['engine/test/integration/log-identity'],
  },
  {
    seen: 'a member whose whole folder was lost came back, told of some of its peers, and voted',
    planted: [
      'connecting-side-does-not-look',
      'frames-count-before-the-hello',
      'answers-count-before-the-hello',
      'lost-folder-not-passed-on',
    ],
    kept: ['engine/test/integration/lost-folder'],
  },
  {
    seen: 'a receiver put chunks of two snapshots of one index together, and could not start again',
    planted: [
      'snapshots-mixed',
      'snapshot-installed-unverified',
      'received-snapshot-installed-unverified',
      'installed-without-verification',
    ],
    kept: ['engine/test/slow/snapshots', 'raft/test/unit/safety'],
  },
  {
    seen: 'snapshots of one state differed in their bytes from node to node, and wrong states went on',
    planted: ['snapshot-order-depends-on-changes', 'wrong-state-goes-on'],
    kept: [
      'engine/test/slow/snapshots',
      'engine/test/unit/consistency-check',
      'state/test/unit/restore',
    ],
  },
  {
    seen: 'arrays of unbounded length were spread into calls: the stack was full',
    planted: ['holds-spread-into-a-call'],
    kept: ['state/test/unit/restore'],
  },
  {
    seen: 'an entry that no message could carry was proposed: its holder led and never committed',
    planted: [
      'too-large-entry-proposed',
      'batches-not-bounded-by-bytes',
      'large-frame-sent-all-the-same',
    ],
    kept: ['raft/test/unit/bounds', 'engine/test/unit/command-queue'],
  },
  {
    seen: 'a follower that needed a snapshot never caught up under load',
    planted: [
      'log-compacted-under-transfer',
      'log-compacted-behind-transfer',
      'transfer-reads-what-was-cleared-up',
    ],
    kept: [
      'engine/test/slow/default-settings',
      'engine/test/slow/snapshots',
      'raft/test/unit/catch-up',
    ],
  },
  {
    seen: 'one turn of the event loop grew with the state, and the leader cancelled its leadership',
    planted: [
      'everything-applied-in-one-turn',
      'all-callers-in-one-turn',
      'search-for-cycles-without-a-bound',
    ],
    kept: ['workload/test/slow/state-bench', 'engine/test/unit/apply-queue'],
  },
  {
    seen: 'an acquire whose outcome was unknown became a hold that nobody had',
    planted: ['acquire-not-cancelled', 'acquire-cancelled-once', 'late-copy-after-cancel-granted'],
    kept: ['workload/test/integration/unknown-outcome', 'client/test/unit/outcome'],
  },
  {
    seen: 'a late copy of an answered acquire by client id was granted once enough others had come',
    planted: ['ended-sessions-forgotten-by-number', 'oldest-forgotten-where-memory-is-full'],
    kept: ['state/test/unit/ended-sessions'],
  },
  {
    seen: 'nodes that were started with different lists of members formed one cluster',
    planted: ['different-initial-members-pass', 'last-option-wins'],
    kept: ['engine/test/integration/initial-members', 'cli/test/unit/repeated-options'],
  },
  {
    seen: 'one caller could take all sessions, holds, waits and memory',
    planted: [
      'own-sessions-of-a-caller-not-limited',
      'holds-of-a-caller-not-limited',
      'waits-of-a-caller-not-limited',
      'metadata-of-a-caller-not-limited',
      'answers-of-a-caller-not-limited',
    ],
    kept: ['state/test/unit/quotas', 'api/test/unit/quotas'],
  },
  {
    seen: 'a cluster that was started on other ports, or moved, never found a leader',
    planted: ['configured-address-not-tried', 'moved-members-not-told-on'],
    kept: ['server/test/slow/moved-cluster', 'engine/test/unit/moved-peers'],
  },
  {
    seen: 'a lease node that had lost its file waited for a shorter time than leases were granted for',
    planted: ['wait-by-the-setting-of-today', 'longest-lease-forgotten'],
    kept: ['quorum/test/unit/http', 'quorum/test/unit/recovery'],
  },
  {
    seen: 'an address that is no URL ended the program, or was told to clients that held locks',
    planted: [
      'told-addresses-are-believed',
      'advertised-address-not-read',
      'learned-address-told-on',
      'wildcard-told-to-clients',
    ],
    kept: [
      'workload/test/integration/advertised-address',
      'client/test/unit/endpoints',
      'server/test/unit/configuration/load',
    ],
  },
  {
    seen: 'an IPv6 address ran into its port, or was looked for as a name',
    planted: ['brackets-left-out', 'brackets-left-on'],
    kept: ['workload/test/integration/ipv6', 'protocol/test/unit/host-port'],
  },
  {
    seen: 'a step of the wall clock ended what was held',
    planted: ['wall-clock-taken-for-sleep', 'sleep-not-counted'],
    kept: ['cli/test/integration/wall-clock', 'client/test/unit/boot-clock'],
  },
  {
    seen: 'the time that a client was given for its calls did not hold for its sessions',
    planted: ['calls-of-sessions-have-ten-seconds', 'calls-outlive-their-session'],
    kept: ['client/test/unit/deadlines'],
  },
  {
    seen: 'a node that said nothing cost a session its lease',
    planted: ['silence-regardless-of-the-lease', 'attempts-one-after-the-end-of-the-other'],
    kept: ['workload/test/slow/silent-way', 'client/test/unit/silent-nodes'],
  },
  {
    seen: 'the session of a dead client never ended while leaders changed',
    planted: ['whole-timeout-under-each-leader', 'cluster-time-stands-between-leaders'],
    kept: ['workload/test/integration/dead-clients', 'engine/test/unit/cluster-clock'],
  },
  {
    seen: 'signals ended the program that runs a command, and not the command',
    planted: [
      'signal-ends-the-wrapper',
      'real-time-signal-is-a-success',
      'command-without-its-terminal',
      'stopped-command-renewed',
    ],
    kept: [
      'cli/test/integration/signals',
      'cli/test/unit/run/signals',
      'cli/test/unit/run/terminal',
    ],
  },
  {
    seen: 'errors of the disk named neither file nor cause, and others could read the files',
    planted: ['cause-left-to-sqlite', 'files-for-everybody'],
    kept: ['cli/test/integration/disk', 'storage/test/unit/disk-error'],
  },
  {
    seen: 'a running copy of a member took part beside it',
    planted: ['copy-beside-the-member-let-in', 'votes-before-it-is-let-in'],
    kept: ['server/test/integration/copied-member'],
  },
  {
    seen: 'a backup could not be restored so that tokens go on rising',
    planted: ['tokens-not-moved-by-a-restore', 'restore-before-not-counted'],
    kept: ['cli/test/slow/restore', 'engine/test/unit/restore'],
  },
  {
    seen: 'a caller was told that nothing was done where something may have been',
    planted: ['nothing-done-after-a-lost-attempt', 'refusal-taken-for-all-copies'],
    kept: ['api/test/unit/effects', 'client/test/unit/outcome'],
  },
];

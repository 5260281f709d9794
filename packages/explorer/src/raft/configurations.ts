/** The configurations of the Raft core that are walked through: see docs/explore.md for what each came to. */
import type { Budget, RaftConfiguration } from './bounds.ts';

const nothing: Budget = {
  ticks: 0,
  crashes: 0,
  duplicates: 0,
  proposals: 0,
  changes: 0,
  snapshots: 0,
  reads: 0,
  transfers: 0,
  stepDowns: 0,
  damages: 0,
};

const three = {
  nodes: 3,
  voters: [0, 1, 2],
  interchangeable: [0, 1, 2],
  changeTypes: [],
  lineCapacity: 1,
  isDiskFast: true,
  maxAppendBytes: 1000,
  maxInflightMessages: 2,
  snapshotBytes: 1,
} as const;

export type RaftConfigurationName =
  | 'everything'
  | 'elections'
  | 'logs'
  | 'old-terms'
  | 'membership'
  | 'joining'
  | 'snapshots'
  | 'reads'
  | 'transfers';

export const raftConfigurations: Readonly<Record<RaftConfigurationName, RaftConfiguration>> = {
  everything: {
    ...three,
    purpose: 'some of each: all kinds of actions beside each other, slow disks',
    isDiskFast: false,
    changeTypes: ['remove'],
    lineCapacity: 2,
    budget: {
      ...nothing,
      ticks: 3,
      crashes: 1,
      duplicates: 1,
      proposals: 1,
      changes: 1,
      snapshots: 1,
      reads: 1,
      transfers: 1,
      damages: 1,
    },
  },
  elections: {
    ...three,
    purpose: 'two campaigns, and a crash between any two writes that become durable',
    isDiskFast: false,
    budget: { ...nothing, ticks: 2, crashes: 1, duplicates: 1 },
  },
  logs: {
    ...three,
    purpose: 'three campaigns and a command: logs that part and are mended',
    budget: { ...nothing, ticks: 3, proposals: 1, stepDowns: 1 },
  },
  'old-terms': {
    ...three,
    purpose:
      'a leader of a third term finds an entry of the first one (figure 8 of the Raft paper)',
    interchangeable: [],
    budget: { ...nothing, ticks: 6, stepDowns: 1 },
    ticksOf: [3, 2, 1],
    maxAppendBytes: 1,
    behind: [
      { node: 0, does: 'tick' },
      { node: 1, hears: 'pre_vote', from: 0 },
      { node: 0, hears: 'pre_vote_answer', from: 1 },
      { node: 2, hears: 'vote', from: 0 },
      { node: 1, hears: 'vote', from: 0 },
      { node: 0, hears: 'vote_answer', from: 2 },
      { node: 1, does: 'tick' },
      { node: 2, hears: 'pre_vote', from: 1 },
      { node: 1, hears: 'pre_vote_answer', from: 2 },
      { node: 2, hears: 'vote', from: 1 },
      { node: 1, hears: 'vote_answer', from: 2 },
    ],
  },
  membership: {
    ...three,
    purpose: 'two members are removed while leaders change',
    changeTypes: ['remove'],
    budget: { ...nothing, ticks: 2, changes: 2 },
  },
  joining: {
    ...three,
    purpose: 'a third node joins two, gets a vote, and another goes',
    voters: [0, 1],
    interchangeable: [0, 1],
    changeTypes: ['add_learner', 'promote', 'remove'],
    budget: { ...nothing, ticks: 2, changes: 3 },
  },
  snapshots: {
    ...three,
    purpose: 'a node that is behind gets a snapshot in two parts, damaged ones too',
    snapshotBytes: 2,
    budget: { ...nothing, ticks: 3, snapshots: 1, damages: 1, crashes: 1 },
  },
  reads: {
    ...three,
    purpose: 'reads of a leader and of one that was deposed',
    lineCapacity: 2,
    budget: { ...nothing, ticks: 2, reads: 2, proposals: 1 },
  },
  transfers: {
    ...three,
    purpose: 'leadership is handed over while others campaign',
    budget: { ...nothing, ticks: 3, transfers: 2, proposals: 1 },
  },
};

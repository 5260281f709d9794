/** The configurations of the quorum lease that are walked through: see docs/explore.md for what each came to. */
import type { LeaseConfiguration } from './lease-model.ts';

export type LeaseConfigurationName =
  | 'one-client'
  | 'short-leases'
  | 'short-tokens'
  | 'short-lost-file'
  | 'one-client-lost-file'
  | 'short-founding'
  | 'short-ttl'
  | 'leases'
  | 'tokens'
  | 'lost-file'
  | 'founding';

const quiet = {
  ttl: 2,
  haveVoted: true,
  ticks: 0,
  restarts: 0,
  losses: 0,
  copies: 0,
  copied: 'any',
  rounds: [0, 0, 0],
  silences: 0,
  releases: 0,
} as const;

export const leaseConfigurations: Readonly<Record<LeaseConfigurationName, LeaseConfiguration>> = {
  // Bounds within which every state is seen in minutes; those of the others are walked as far as it goes.
  'one-client': {
    ...quiet,
    purpose: 'one client, time beyond the end of its lease, a restart, a delayed copy',
    attempts: [1, 0],
    ticks: 3,
    restarts: 1,
    copies: 1,
    silences: 1,
    releases: 1,
  },
  'short-leases': {
    ...quiet,
    purpose: 'two clients, some time, a restart',
    attempts: [1, 1],
    ticks: 1,
    restarts: 1,
  },
  'short-tokens': {
    ...quiet,
    purpose: 'an attempt that fails half-way, and one after it',
    attempts: [2, 1],
    silences: 1,
  },
  'short-lost-file': {
    ...quiet,
    purpose: 'a node loses its file, and the first one of them may come back',
    attempts: [1, 1],
    ticks: 1,
    losses: 1,
    rounds: [1, 0, 0],
  },
  'one-client-lost-file': {
    ...quiet,
    purpose: 'a node that lost its file asks the others, waits, and votes again',
    attempts: [1, 0],
    ticks: 3,
    losses: 1,
    rounds: [2, 0, 0],
    releases: 1,
  },
  'short-founding': {
    ...quiet,
    purpose:
      'a new cluster agrees that it begins, while files are lost and nobody asks for a lease',
    haveVoted: false,
    attempts: [0, 0],
    losses: 2,
    rounds: [2, 1, 0],
  },
  'short-ttl': {
    ...quiet,
    purpose: 'two clients, a lease that ends by time, a delayed copy',
    ttl: 1,
    attempts: [1, 1],
    ticks: 1,
    copies: 1,
    copied: 'acquire',
  },
  leases: {
    ...quiet,
    purpose: 'two clients, time, a restart, a delayed copy',
    attempts: [1, 1],
    ticks: 3,
    restarts: 1,
    copies: 1,
    silences: 1,
    releases: 1,
  },
  tokens: {
    ...quiet,
    purpose: 'attempts that fail half-way and leave larger tokens behind',
    attempts: [2, 1],
    silences: 2,
    releases: 1,
  },
  'lost-file': {
    ...quiet,
    purpose: 'a node that lost its file comes back while leases are taken',
    attempts: [1, 1],
    ticks: 3,
    losses: 1,
    rounds: [2, 2, 2],
    releases: 1,
  },
  founding: {
    ...quiet,
    purpose: 'a new cluster agrees that it begins, while files are lost',
    haveVoted: false,
    attempts: [1, 1],
    losses: 2,
    rounds: [2, 2, 2],
    releases: 1,
  },
};

import type { Command } from 'commander';
import type { Environment } from '../environment.ts';
import { addQuorumAdmit } from './quorum-admit.ts';
import { addQuorumLockRun } from './quorum-lock-run.ts';
import { addQuorumReconfigure } from './quorum-reconfigure.ts';
import { addQuorumStatus } from './quorum-status.ts';

/** `holdfast quorum ...`: locks without a leader. */
export function addQuorumCommands(program: Command, at: () => Environment): void {
  const quorum = program
    .command('quorum')
    .description('Runs commands under locks of independent nodes, and shows what each node says.')
    .enablePositionalOptions();
  const lock = quorum
    .command('lock')
    .description('Runs commands under locks that a majority of the nodes keeps.')
    .enablePositionalOptions();
  addQuorumLockRun(lock, at);
  addQuorumStatus(quorum, at);
  addQuorumAdmit(quorum, at);
  addQuorumReconfigure(quorum, at);
}

import type { Command } from 'commander';
import type { Environment } from '../environment.ts';
import { addQuorumCluster } from './quorum-cluster.ts';
import { addQuorumNode } from './quorum-node.ts';

/** `holdfast quorum-node` and `holdfast quorum-cluster`: the nodes of locks without a leader. */
export function addQuorumNodeCommands(program: Command, at: () => Environment): void {
  addQuorumNode(program, at);
  addQuorumCluster(program, at);
}

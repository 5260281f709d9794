/** How lease nodes ask one another, over the network between them. */
import { setIdOf } from '@holdfast/protocol';
import type { LeaseHost } from '@holdfast/quorum/parts';
import type { Machine } from '../world/machine.ts';
import type { LeaseMachine, LeaseMachineOptions } from './lease-machine.ts';
import type { NetworkLines } from './lines.ts';
import { over } from './simulated-voter.ts';

const answerWithinMs = 2000;

/** @param nodes All of them, once they are there. */
export function peersOf(
  lines: NetworkLines,
  machine: Machine,
  nodes: readonly LeaseMachine[],
): Pick<LeaseMachineOptions, 'ask' | 'propose'> {
  const inTime = <T>(peer: string, ask: (host: LeaseHost) => T | Promise<T>): Promise<T> => {
    const to = nodes.find((node) => node.machine.name === peer);
    if (to === undefined) return Promise.reject(new Error(`There is no ${peer}.`));
    const within = new Promise<never>((_resolve, reject) => {
      machine.after(answerWithinMs, () => reject(new Error('no answer')));
    });
    return Promise.race([over(lines, machine, to, ask), within]);
  };
  return {
    ask: (peer, after) =>
      inTime(peer, (host) => (after === undefined ? host.said() : host.tokens(after))),
    propose: (peer, set, bootstrapSet) =>
      inTime(peer, (host) =>
        host.begin({ epoch: set.epoch, set: setIdOf(set), bootstrap_set: bootstrapSet }),
      ),
  };
}

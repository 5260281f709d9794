/** The clients of a run, each on a machine of its own. */
import type { Beliefs } from '../checks/beliefs.ts';
import type { Witness } from '../checks/witness.ts';
import { Courier } from '../clients/courier.ts';
import { CacheKeeper } from '../clients/keeper.ts';
import { Player } from '../clients/player.ts';
import type { LockRecorder, PoolRecorder } from '../clients/recorder.ts';
import { Worker } from '../clients/worker.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Plan } from './plan.ts';

export type SimulatedClient = Worker | Player | Courier | CacheKeeper;

export interface ClientsOptions {
  readonly world: World;
  readonly random: Random;
  readonly plan: Plan;
  readonly witness: Witness;
  readonly beliefs: Beliefs;
  readonly recorder: LockRecorder;
  readonly poolRecorder: PoolRecorder;
  readonly streams: Cluster['streams'];
  readonly endpoints: () => string[];
}

interface Hired {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly streams: Cluster['streams'];
  readonly endpoints: () => string[];
  readonly number: number;
}

/** As many of each kind as the plan says. Half of the runs of everything use more than locks and semaphores. */
export function hireClients(options: ClientsOptions): readonly SimulatedClient[] {
  const { random, plan, witness, beliefs, recorder, poolRecorder } = options;
  const { clients } = plan;
  const those = <C extends SimulatedClient>(
    letter: string,
    count: number,
    own: Random,
    make: (hired: Hired) => C,
  ): readonly C[] =>
    Array.from({ length: count }, (_, index) => make(hiredOf(options, letter, index + 1, own)));
  // Randomness is taken only for those there are: a seed tells the same run as before there were others.
  const forked = (count: number): Random => (count > 0 ? random.fork() : random);
  return [
    ...those('c', clients.workers, random, (hired) => {
      const onlyReads =
        hired.number > 2 && hired.number === clients.workers && random.withProbability(0.6);
      return new Worker({ ...hired, plan: clients, recorder, poolRecorder, beliefs, onlyReads });
    }),
    ...those('p', clients.players, random.fork(), (hired) => {
      const { barriers, chronicle } = witness;
      const isFirst = hired.number === 1;
      const checks = { recorder, beliefs, barriers, chronicle };
      return new Player({ ...hired, ...checks, plan: clients, isFirst });
    }),
    ...those('q', clients.couriers, forked(clients.couriers), (hired) => {
      return new Courier({ ...hired, messages: witness.messages, plan: clients });
    }),
    ...those('k', clients.keepers, forked(clients.keepers), (hired) => {
      return new CacheKeeper({
        ...hired,
        values: witness.cachedValues,
        loads: witness.loads,
        plan: clients,
      });
    }),
  ];
}

function hiredOf(
  { world, plan, streams, endpoints }: ClientsOptions,
  letter: string,
  number: number,
  own: Random,
): Hired {
  const machine = world.machine(`${letter}${String(number)}`, plan.clockDrift);
  const shuffled = (): string[] => own.shuffled(endpoints());
  return { world, machine, random: own.fork(), streams, endpoints: shuffled, number };
}

import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** What a metric was measured on. */
export interface MachineDescription {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): MachineDescription {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  };
}

/** One line for people. */
export function machineLine(machine: MachineDescription): string {
  return `${machine.processor}, ${String(machine.cores)} cores, ${String(machine.memoryGiB)} GiB, ${machine.system}, Node ${machine.node}`;
}

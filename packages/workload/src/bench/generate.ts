/** The load generator, run in a process of its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isLoadStats } from './plan.ts';
import type { LoadPlan, LoadStats } from './plan.ts';

const settleDeadlineMs = 30_000;

/** Runs the load generator in a process of its own. @param onStart Told its process id. */
export async function generate(
  plan: LoadPlan,
  profile: string | undefined,
  onStart: (pid: number) => void,
): Promise<LoadStats> {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./load.${ending}`, import.meta.url));
  const execArgv = [...process.execArgv, ...profileFlags(profile, 'load')];
  const child = fork(file, [JSON.stringify(plan)], { execArgv });
  if (child.pid !== undefined) onStart(child.pid);
  const deadline = setTimeout(
    () => child.kill('SIGKILL'),
    plan.warmUpMs + plan.measureMs + settleDeadlineMs,
  );
  try {
    return await new Promise<LoadStats>((resolve, reject) => {
      let stats: LoadStats | undefined;
      child.on('message', (message) => {
        if (isLoadStats(message)) stats = message;
      });
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (stats !== undefined) resolve(stats);
        else
          reject(new Error(`The load generator ended without stats (${String(code ?? signal)}).`));
      });
    });
  } finally {
    clearTimeout(deadline);
  }
}

function profileFlags(profile: string | undefined, name: string): readonly string[] {
  if (profile === undefined) return [];
  return [
    '--cpu-prof',
    `--cpu-prof-dir=${profile}`,
    `--cpu-prof-name=${name}-${String(Date.now())}.cpuprofile`,
  ];
}

/**
 * `make fuzz`: random inputs for everything that reads bytes of somebody else. `SEED=7` begins elsewhere, `SECONDS=60` is for each
 * target, `TARGET=logs` is one of them.
 */
import { decoders } from './decoders.ts';
import { nodeTargets } from './node-targets.ts';
import { fuzz, keep } from './run.ts';

const seed = Number(process.env['SEED'] ?? 1);
const seconds = Number(process.env['SECONDS'] ?? 10);
const wanted = process.env['TARGET'];

const running = await nodeTargets();
let finds = 0;
for (const target of [...decoders, ...running.targets]) {
  if (wanted !== undefined && wanted !== '' && target.name !== wanted) continue;
  const untilMs = performance.now() + seconds * 1000;
  const { runs, kept, find } = await fuzz(target, seed, () => performance.now() < untilMs);
  console.log(
    `${target.name.padEnd(16)} ${String(runs).padStart(8)} inputs, ${String(kept)} reached something new: ${find === undefined ? 'no defect' : 'DEFECT'}`,
  );
  if (find === undefined) continue;
  finds += 1;
  console.error(`${keep(find)}\n`, find.error);
}
await running.close();
process.exitCode = finds === 0 ? 0 : 1;

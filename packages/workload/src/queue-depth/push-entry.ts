/** The process that pushes: it tells its parent how many messages a second it pushed, and ends. */
import { push } from './pushing.ts';
import type { PushPlan } from './pushing.ts';

// Its parent is this program.
const rate = await push(JSON.parse(process.argv[2] ?? '') as PushPlan);
process.send?.(rate, () => process.exit(0));

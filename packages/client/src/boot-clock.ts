/** The boot clock of Node; `boot-clock.browser.ts` is its counterpart in browsers. */
import { existsSync } from 'node:fs';
import { uptime } from 'node:os';
import { bootNowOf, countsSleep } from '@holdfast/protocol/boot-clock';

const system = { platform: process.platform, isUptimeFine: existsSync('/proc/uptime') };

/** Ms of a clock that counts what the machine sleeps, the same for all processes of the machine. */
export const bootNow: () => number = bootNowOf({
  ...system,
  uptime,
  hrtime: () => process.hrtime.bigint(),
});

/** Whether it surely does (BOOT-3). */
export const bootCountsSleep: boolean = countsSleep(system);

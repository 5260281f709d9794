/** The boot clock of Node; `boot-clock.browser.ts` is its counterpart in browsers. */
import { existsSync } from 'node:fs';
import { uptime } from 'node:os';
import { bootNowOf } from '@holdfast/protocol/boot-clock';

/** Ms of a clock that counts what the machine sleeps, the same for all processes of the machine. */
export const bootNow: () => number = bootNowOf({
  platform: process.platform,
  uptime,
  isUptimeFine: existsSync('/proc/uptime'),
  hrtime: () => process.hrtime.bigint(),
});

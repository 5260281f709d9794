/** The boot clock of Node; `boot-clock.browser.ts` is its counterpart in browsers. */
export { BootClock, bootNow } from '@holdfast/protocol/boot-clock';
export type { BootClockSources } from '@holdfast/protocol/boot-clock';

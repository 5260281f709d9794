export { startApi } from './api.ts';
export { defaultApiLimits } from './options.ts';
export type { Admit, Api, ApiLimits, ApiLog, ApiOptions } from './options.ts';

export { Dashboard, pageHeaders } from './files.ts';
export type { PageFile } from './files.ts';

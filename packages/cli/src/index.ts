export { readAllGroups } from './groups.ts';
export { buildProgram, run } from './program.ts';
export { start } from './start.ts';

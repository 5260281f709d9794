/** Demonstration, benchmarks and the check of records; run by `make demo`, `make bench`, `make bench-failover`. */
export { checkRecords } from './record/check.ts';
export type { FinalState, RuleName, RuleVerdict, RunVerdict } from './record/check.ts';
export { Journal } from './record/journal.ts';
export type { JournalEntry, Observation } from './record/journal.ts';
export { demoPlan, runDemo } from './demo/run.ts';
export type { DemoOutcome, DemoPlan, DemoSpectator } from './demo/run.ts';

/** What a run found, as text that a person can paste. */
import { recoveryBoundMs } from './campaign.ts';
import type { RunOutcome } from './run.ts';

/** @returns the text, and whether every promise was kept. */
export function report(
  title: string,
  {
    possible,
    strikes,
    skipped,
    operations,
    granted,
    unknown,
    verdict,
    failures,
    notes = [],
  }: RunOutcome,
): { readonly text: string; readonly kept: boolean } {
  const recoveries = strikes.map((strike) => strike.recoveryMs).toSorted((a, b) => a - b);
  const longest = recoveries.at(-1) ?? 0;
  const median = recoveries[Math.floor(recoveries.length / 2)] ?? 0;
  const late = strikes.filter((strike) => strike.recoveryMs > recoveryBoundMs);
  const kept =
    verdict.type === 'linearizable' && failures.length === 0 && late.length === 0 && granted > 0;
  const kinds = new Set(strikes.map((strike) => strike.nemesis));
  const missed = possible.filter((name) => !kinds.has(name));
  const lines = [
    `${title}: ${kept ? 'every promise was kept' : 'A PROMISE WAS BROKEN'}`,
    `  faults       ${String(strikes.length)} of ${String(kinds.size)} kinds`,
    `  recovery     ${median.toFixed(0)} ms median, ${longest.toFixed(0)} ms longest (promised: ${String(recoveryBoundMs)} ms)`,
    `  operations   ${operations.toLocaleString('en')}, ${granted.toLocaleString('en')} locks granted, ${unknown.toLocaleString('en')} of unknown outcome`,
    `  checker      ${verdict.type === 'violation' ? verdict.message : verdict.type}`,
    ...notes.map((line) => `  ${line}`),
    ...(missed.length === 0 ? [] : [`  no time for  ${missed.join(', ')}`]),
    ...skipped.map((line) => `  skipped      ${line}`),
    ...late.map(
      ({ nemesis, target, recoveryMs }) =>
        `  LATE         ${nemesis} (${target}): ${recoveryMs.toFixed(0)} ms`,
    ),
    ...failures.map((line) => `  FAILED       ${line}`),
  ];
  return { text: lines.join('\n'), kept };
}

/**
 * `make demo`: three nodes, twenty workers, five locks, three kills of the leader, and a verdict.
 * Exit status: 0 when every rule holds, 1 when one is broken or the run failed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalCluster } from '@holdfast/server';
import type { RuleName, RunVerdict } from '../record/check.ts';
import { freePorts } from '../free-ports.ts';
import { milliseconds, whole } from '../statistics/table.ts';
import { Pace } from './pace.ts';
import { demoPlan, runDemo } from './run.ts';
import type { DemoOutcome, DemoSpectator } from './run.ts';
import { DemoScreen, sparkline } from './screen.ts';

const ruleWords: Readonly<Record<RuleName, string>> = {
  one_holder: 'no two holders of a lock at once',
  tokens_rise: 'fence tokens strictly rise for each lock, none given twice',
  nothing_lost: 'nothing acknowledged was lost',
};
const factWords: Readonly<Record<RuleName, string>> = {
  one_holder: 'holds',
  tokens_rise: 'tokens',
  nothing_lost: 'acknowledgements',
};

/** Tells the run on the screen. */
class Narrator implements DemoSpectator {
  readonly #screen: DemoScreen;
  readonly #startMs = performance.now();
  readonly #pace = new Pace(() => performance.now());
  #leader = '';
  #down = '';

  constructor(screen: DemoScreen) {
    this.#screen = screen;
  }

  seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  started(leader: string): void {
    this.#leader = leader;
    this.#tell(`${this.#strong(leader)} leads; the workers begin.`);
    this.#screen.follow(() => this.#status());
  }

  killed(kill: number, leader: string): void {
    this.#down = leader;
    this.#leader = 'nobody';
    const text = `kill ${String(kill)} of ${String(demoPlan.kills)}: SIGKILL to the leader, ${leader}.`;
    this.#tell(this.#screen.paint(text, 'bad'));
  }

  served(_kill: number, leader: string, outageMs: number): void {
    this.#leader = leader;
    const length = this.#screen.paint(`${milliseconds(outageMs)} ms`, 'strong');
    this.#tell(`${this.#strong(leader)} leads; no lock could be had for ${length}.`);
  }

  restarted(_kill: number, nodeId: string): void {
    this.#down = '';
    this.#tell(`${nodeId} is started again and has caught up.`);
  }

  cycle(): void {
    this.#pace.add();
  }

  resting(): void {
    this.#screen.rest();
    this.#tell('The workers finish and the records are checked.');
  }

  #strong(text: string): string {
    return this.#screen.paint(text, 'good');
  }

  #stamp(): string {
    return this.#screen.paint(`${this.seconds().toFixed(1).padStart(5)} s `, 'quiet');
  }

  #tell(text: string): void {
    this.#screen.line(`${this.#stamp()} ${text}`);
  }

  #status(): string {
    const down = this.#down === '' ? '' : `, ${this.#screen.paint(`${this.#down} is down`, 'bad')}`;
    const counts = `${whole(this.#pace.count)} cycles, ${whole(this.#pace.perSecond())}/s`;
    return `${this.#stamp()} ${counts}  ${sparkline(this.#pace.recent())}  ${this.#leader} leads${down}`;
  }
}

function tellVerdict(screen: DemoScreen, verdict: RunVerdict): void {
  screen.line();
  screen.line("The check, from the workers' own records:");
  for (const rule of verdict.rules) {
    const mark = rule.holds ? screen.paint('holds ', 'good') : screen.paint('BROKEN', 'bad');
    const facts = `${whole(rule.checked)} ${factWords[rule.rule]} looked at`;
    screen.line(`  ${mark}  ${ruleWords[rule.rule].padEnd(60)} ${screen.paint(facts, 'quiet')}`);
    for (const violation of rule.violations) screen.line(`          ${violation}`);
    const unshown = rule.violationCount - rule.violations.length;
    if (unshown > 0) screen.line(`          … and ${whole(unshown)} more`);
  }
}

function tellOutcome(screen: DemoScreen, outcome: DemoOutcome, seconds: number): void {
  const outages = outcome.outagesMs.map((outageMs) => `${milliseconds(outageMs)} ms`).join(', ');
  tellVerdict(screen, outcome.verdict);
  screen.line();
  screen.line(
    `${whole(outcome.cycles)} cycles in ${seconds.toFixed(0)} s. After the kills no lock could be had for ${outages}.`,
  );
}

async function main(): Promise<boolean> {
  const screen = new DemoScreen(process.stdout, process.env['NO_COLOR'] === undefined);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-'));
  const { workers, locks, kills } = demoPlan;
  screen.line(
    `Three nodes, ${String(workers)} workers, ${String(locks)} locks; the leader is killed ${String(kills)} times.`,
  );
  const narrator = new Narrator(screen);
  const cluster = await startLocalCluster({ ports: await freePorts(3), folder });
  const interrupt = (): void => {
    screen.rest();
    void cluster.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  let holds = false;
  try {
    const outcome = await runDemo(cluster, demoPlan, narrator);
    tellOutcome(screen, outcome, narrator.seconds());
    holds = outcome.verdict.holds;
  } finally {
    screen.rest();
    await cluster.close();
    if (!holds) screen.line(`The nodes' folders are left for a look: ${folder}`);
  }
  if (holds) await rm(folder, { recursive: true, force: true });
  return holds;
}

process.exitCode = (await main()) ? 0 : 1;

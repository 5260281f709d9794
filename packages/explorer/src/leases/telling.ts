/** What happens to lease nodes and clients, in words, and under the names that they began with. */
import { inputs } from './inputs.ts';
import type { LeaseSteps } from './lease-steps.ts';
import { processCount, processName, tellLeaseMessage } from './messages.ts';
import type { LeaseMessage } from './messages.ts';
import type { LeaseRenamings } from './renaming.ts';
import type { LeaseSymmetry } from './symmetry.ts';

export class LeaseTelling {
  readonly #renamings: LeaseRenamings;
  readonly #steps: LeaseSteps;
  readonly #symmetry: LeaseSymmetry;
  /** From the names in a row to those to tell. */
  #naming = 0;

  constructor(renamings: LeaseRenamings, steps: LeaseSteps, symmetry: LeaseSymmetry) {
    this.#renamings = renamings;
    this.#steps = steps;
    this.#symmetry = symmetry;
  }

  begin(): void {
    this.#naming = 0;
  }

  rename(symmetry: number): void {
    const renamings = this.#renamings;
    this.#naming = renamings.composed(this.#naming, renamings.inverse(symmetry));
  }

  named(broken: string): string {
    const names = Array.from({ length: processCount }, (_, process) => processName(process));
    return broken.replaceAll(/\bnode [A-C]\b|\bclient [12]\b/g, (name) =>
      this.#name(names.indexOf(name)),
    );
  }

  action(state: Int32Array, action: number): string {
    if (action === 0) return 'time passes';
    const steps = this.#steps;
    const stays = (action & 1) === 1;
    const process = ((action - 16) >>> 1) & 7;
    const code = Math.floor((action - 16) / 16);
    const transition = steps.step(state[process] ?? 0, code);
    const next = steps.local(Math.max(0, steps.next(transition)));
    const effects = steps.sent(transition).map((number) => {
      const message = this.#message(number);
      return `sends ${processName(message.to)}: ${tellLeaseMessage(message)}`;
    });
    if (steps.token(transition) > 0)
      effects.unshift(`holds the lease with token ${String(steps.token(transition))}`);
    else if (next.type === 'client' && next.state.type === 'idle') effects.unshift('holds nothing');
    const words = `${this.#name(process)} ${this.#input(code)}${stays ? ' (and a copy stays under way)' : ''}`;
    return [words, ...effects].join('\n       ');
  }

  state(state: Int32Array): readonly string[] {
    const renamings = this.#renamings;
    return Array.from({ length: processCount }, (_, process) => {
      const row = state[renamings.to(renamings.inverse(this.#naming), process)] ?? 0;
      const local = this.#steps.local(this.#symmetry.state(this.#naming, row));
      const text =
        local.type === 'client'
          ? JSON.stringify(local.state)
          : `file ${JSON.stringify(local.file)}`;
      return `     ${processName(process)}: ${text}`;
    });
  }

  #name(process: number): string {
    return processName(this.#renamings.to(this.#naming, process));
  }

  #message(number: number): LeaseMessage {
    return this.#steps.messages.value(this.#symmetry.message(this.#naming, number));
  }

  #input(code: number): string {
    const about = code >>> 4;
    switch (code & 15) {
      case inputs.deliver: {
        const message = this.#message(about);
        return `hears from ${processName(message.from)}: ${tellLeaseMessage(message)}`;
      }
      case inputs.ask_others:
        return 'begins a round of questions';
      case inputs.end_round:
        return 'ends its round: the others had their time';
      case inputs.restart:
        return 'restarts';
      case inputs.lose:
        return 'loses its file and starts with a new one';
      case inputs.begin:
        return 'asks for the lease';
      case inputs.silent:
        return `waits for ${this.#name(about)} no longer`;
      default:
        return 'releases its lease';
    }
  }
}

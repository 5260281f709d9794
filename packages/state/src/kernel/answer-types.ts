/** Which results belong to which commands, as data: what another node answers is checked against it. */
import { commandDeclarations } from '../primitives/declared.ts';
import type { Command, KernelCommand } from './commands.ts';
import type { CommandDeclaration } from './declaration.ts';
import type { ResultOf } from './outcomes.ts';

const ofKernel: {
  readonly [T in KernelCommand['type']]: readonly ResultOf<T>['type'][];
} = {
  create_session: ['session'],
  end_session: ['session_ended'],
  keep_alive: ['kept_alive'],
  begin_leadership: ['advanced'],
  expire_session: ['session_ended', 'unchanged'],
  abandon: ['abandoned', 'barrier'],
  advance: ['advanced'],
  checkpoint: ['advanced'],
  jump_fence_counter: ['advanced'],
  set_limits: ['advanced'],
  raise_feature_level: ['advanced'],
  set_audit: ['advanced'],
  anchor_audit: ['advanced'],
};

const all: Readonly<Record<string, readonly string[] | undefined>> = {
  ...ofKernel,
  ...Object.fromEntries(
    Object.entries(commandDeclarations).map(([type, { answers }]: [string, CommandDeclaration]) => [
      type,
      answers,
    ]),
  ),
};

/** Whether a command of this type may be answered so, where it is not refused. */
export const belongsTo = (type: Command['type'], answer: string): boolean =>
  all[type]?.includes(answer) === true;

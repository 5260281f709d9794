/**
 * An option that is given more than once. "The last one wins" would hide what was meant: of
 * `--cluster-peers a --cluster-peers b` a node would know `b` alone, and another quorum than its peers.
 *
 * REPEAT-1: a list adds up, in the order given, and so does an option that takes several values (`<names...>`); of any
 *     other option with a value the second one is refused, whether both are the same or not.
 */
import type { Command, Option } from 'commander';
import { UsageError } from './failure.ts';

/** For every option of this command and of those below it. To be called when all are there. */
export function noteRepeatedOptions(command: Command): void {
  for (const option of command.options) if (!collects(option)) noteRepeats(command, option);
  for (const child of command.commands) noteRepeatedOptions(child);
}

/**
 * Without a value it says the same however often. Commander tells each of several values by itself. One that collects has
 * a parser of its own; `choices` sets one as well.
 */
function collects(option: Option): boolean {
  const takesValue = option.required || option.optional;
  return (
    !takesValue ||
    option.variadic ||
    (option.parseArg !== undefined && option.argChoices === undefined)
  );
}

function noteRepeats(command: Command, option: Option): void {
  const given: string[] = [];
  // Behind the listener that sets the value.
  command.on(`option:${option.name()}`, (value: string) => {
    given.push(value);
    if (given.length === 1) return;
    if (!option.flags.endsWith('<list>')) {
      const values = given.map((text) => `"${text}"`).join(', then ');
      throw new UsageError(`${option.long ?? ''} takes one value; given: ${values}.`);
    }
    command.setOptionValueWithSource(option.attributeName(), given.join(','), 'cli');
  });
}

/**
 * The command lines of the programs that measure, simulate, explore and cause trouble. "The last one wins" would hide what
 * was meant: of `--seed 1 --seed 2` a run would be told by 2, and nobody would see why it is another one.
 *
 * FLAGS-1: a flag with one value that is given again is refused, with each value that was given; one that is declared
 *     `multiple` adds up, and a switch says the same however often.
 * FLAGS-2: what cannot be read is one line on stderr and status 2, without a stack trace.
 */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/** What was given cannot be understood; nothing was done. */
export class FlagError extends Error {
  override readonly name: string = 'FlagError';
}

/**
 * As `parseArgs` of Node reads them, and each once.
 *
 * @throws FlagError
 */
export function parseFlags<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    refuseRepeated(config);
    return parseArgs(config);
  } catch (error) {
    if (error instanceof TypeError) throw new FlagError(error.message, { cause: error });
    throw error;
  }
}

function refuseRepeated(config: ParseArgsConfig): void {
  const given = new Map<string, string[]>();
  for (const token of parseArgs({ ...config, tokens: true }).tokens) {
    if (token.kind !== 'option' || token.value === undefined) continue;
    if (config.options?.[token.name]?.multiple === true) continue;
    given.set(token.name, [...(given.get(token.name) ?? []), token.value]);
  }
  for (const [name, values] of given)
    if (values.length > 1)
      throw new FlagError(
        `--${name} takes one value; given: ${values.map((text) => `"${text}"`).join(', then ')}.`,
      );
}

/** Of the program that runs: what cannot be read ends it with status 2 (FLAGS-2). */
export function readFlags<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseFlags(config);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

/** The key that nodes ask for: never on the command line, where every user of the machine could read it. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../failure.ts';

/** As the command line gives it. */
export interface ApiKeyOptions {
  readonly apiKeyFile?: string;
}

const variable = 'HOLDFAST_API_KEY';
const fileVariable = 'HOLDFAST_API_KEY_FILE';
const option = '--api-key-file';

export function addApiKeyOption(command: Command): Command {
  return command.option(
    `${option} <path>`,
    `file with the key that the nodes ask for (else the file that ${fileVariable} names, else the key itself in ${variable}; default: none)`,
  );
}

/**
 * That of the option's file, of the variable's, of the variable. Undefined: none is asked for.
 *
 * @throws UsageError naming the file or the variable.
 */
export function apiKeyOf(
  { apiKeyFile }: ApiKeyOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const named = environment[fileVariable];
  const file = apiKeyFile ?? (named === '' ? undefined : named);
  const origin = apiKeyFile === undefined ? fileVariable : option;
  const key = file === undefined ? environment[variable] : readKey(file, origin);
  if (key === undefined || key === '') return undefined;
  // Anything else cannot be sent in a header: every request would fail, and nobody would be told why.
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new UsageError(
      `A key consists of visible ASCII characters without spaces; that of ${file ?? variable} does not.`,
    );
  return key;
}

function readKey(path: string, origin: string): string {
  let key: string;
  try {
    key = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(
      `${origin} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (key === '') throw new UsageError(`${origin} is empty: "${path}".`);
  return key;
}

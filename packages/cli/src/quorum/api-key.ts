/** The key that lease nodes ask for: never on the command line, where every user of the machine could read it. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../failure.ts';

/** As the command line gives it. */
export interface ApiKeyOptions {
  readonly apiKeyFile?: string;
}

const variable = 'HOLDFAST_API_KEY';

export function addApiKeyOption(command: Command): Command {
  return command.option(
    '--api-key-file <path>',
    `file with the key that the nodes ask for (else the key itself in ${variable}; default: none)`,
  );
}

/**
 * Undefined: none is asked for.
 *
 * @throws UsageError naming the file or the variable.
 */
export function apiKeyOf(
  { apiKeyFile }: ApiKeyOptions,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const key = apiKeyFile === undefined ? environment[variable] : readKey(apiKeyFile);
  if (key === undefined || key === '') return undefined;
  // Anything else cannot be sent in a header: every request would fail without a word why.
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new UsageError(
      `A key consists of visible ASCII characters without spaces; that of ${apiKeyFile ?? variable} does not.`,
    );
  return key;
}

function readKey(path: string): string {
  let key: string;
  try {
    key = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(
      `--api-key-file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (key === '') throw new UsageError(`--api-key-file is empty: "${path}".`);
  return key;
}

/** The key that a command shows to nodes: in HOLDFAST_API_KEY, or in the file that HOLDFAST_API_KEY_FILE names. */
import { apiKeyOf } from './quorum/api-key.ts';

type Variables = Readonly<Record<string, string | undefined>>;

let given: string | undefined;

/** Where a command has made a key itself, and goes on with it. Undefined: that of the environment again. */
export function useApiKey(key: string | undefined): void {
  given = key;
}

/** Undefined: none is shown. Never on the command line, where every user of the machine could read it. @throws UsageError */
export function apiKey(environment: Variables = process.env): string | undefined {
  return given ?? apiKeyOf({}, environment);
}

/** Who takes and gives back where no process goes on: a session, or a client id and a token. */
import type { Command } from 'commander';
import { countOf, defaultClientId } from './with-client.ts';

/** As the command line gives them. */
export interface HolderOptions {
  readonly session?: string;
  readonly clientId?: string;
  readonly fenceToken?: string;
}

/** @param verb What printed the token. */
export function addHolderOptions(command: Command, verb: string): Command {
  return command
    .option('--session <id>', 'the session that holds it')
    .option('--client-id <name>', 'without a session: who holds it (default: cli-USER)')
    .option(
      '--fence-token <number>',
      `the token that the ${verb} printed (needed without a session)`,
    );
}

/** On the wire. */
export function whoOf({ session, clientId }: HolderOptions): {
  readonly session_id?: string;
  readonly client_id?: string;
} {
  return session === undefined
    ? { client_id: clientId ?? defaultClientId }
    : { session_id: session };
}

/** On the wire. @throws UsageError */
export function tokenOf({ fenceToken }: HolderOptions): { readonly fence_token?: number } {
  return fenceToken === undefined ? {} : { fence_token: countOf('--fence-token', fenceToken) };
}

/**
 * Which Node a command needs. Clients' commands run on what the client library runs on; what starts a node of the
 * service needs the Node of the server packages, and is refused before any of them is read: they would end with a
 * stack trace about a module that is not there.
 */
import type { Command } from 'commander';

/** As `engines` of the server packages says (a test compares them). */
export const serverNodeMajor = 24;

/** Of those that start a node, or read or write the folder of one. */
const serverCommands: ReadonlySet<string> = new Set([
  'server',
  'cluster',
  'restore',
  'doctor',
  'inspect',
  'auth recover',
  'quorum-node',
  'quorum-cluster',
  'quorum reconfigure',
]);

/** This Node cannot run the command; nothing was done. */
export class NodeTooOldError extends Error {
  override readonly name: string = 'NodeTooOldError';
}

/**
 * @param version Of the Node that runs, such as `20.19.0`.
 * @throws NodeTooOldError
 */
export function refuseOldNode(command: Command, version: string): void {
  const name = wordsOf(command);
  if (!serverCommands.has(name) || Number.parseInt(version) >= serverNodeMajor) return;
  throw new NodeTooOldError(
    `"holdfast ${name}" needs Node ${String(serverNodeMajor)} or newer, and this is Node ${version}. Client commands (lock, session, status, ...) run on it.`,
  );
}

/** `auth recover`: without the program. */
function wordsOf(command: Command): string {
  const { parent } = command;
  if (parent === null) return '';
  return `${wordsOf(parent)} ${command.name()}`.trimStart();
}

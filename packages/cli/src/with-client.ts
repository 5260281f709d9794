import type { Client } from '@holdfast/client';
import { certificatesForConnections } from './certificates.ts';
import { UsageError } from './failure.ts';
import { warn } from './printable.ts';
import type { Environment } from './environment.ts';

export const defaultClientId: string = `cli-${process.env['USER'] ?? 'user'}`;

/** Of a call. */
const timeoutMs = 5000;
/** Of one that waits, beyond its wait. */
const afterWaitMs = 10_000;

/** How a call that may wait is asked for: that there is no node is told before its wait, and not after it. */
export const waiting = (
  waitSeconds: number,
): { readonly probe: boolean; readonly timeoutMs: number } =>
  waitSeconds === 0
    ? { probe: false, timeoutMs }
    : { probe: true, timeoutMs: waitSeconds * 1000 + afterWaitMs };

/**
 * Connects, works, and disconnects whatever happens.
 *
 * @param settings `probe`: a node is asked before `work`, for what goes on asking while none answers. Anything else tells by its own
 *   first request that none does, and is one round trip.
 */
export async function withClient<T>(
  { endpoints }: Environment,
  work: (client: Client) => Promise<T>,
  { probe = false }: { readonly probe?: boolean } = {},
): Promise<T> {
  const tls = certificatesForConnections();
  // Read where nodes are asked: help needs none of its files (START-1).
  const { connect } = await import('@holdfast/client');
  const { apiKey } = await import('./api-key.ts');
  const key = apiKey();
  const options = {
    endpoints: await endpoints(),
    ...(tls === undefined ? {} : { tls }),
    ...(key === undefined ? {} : { apiKey: key }),
    timeoutMs,
    onWarning: ({ message }: { readonly message: string }) => {
      warn(message);
    },
  };
  const client = await connect(options, { probe });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A number of seconds as an option gives it. @throws UsageError naming the option. */
export function secondsOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0)
    throw new UsageError(`${option} takes a number of seconds; given: "${text}".`);
  return seconds;
}

/** A whole number from 1. @throws UsageError naming the option. */
export function countOf(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new UsageError(`${option} takes a whole number from 1; given: "${text}".`);
  return count;
}

import type { Client } from '@holdfast/client';
import { certificatesForConnections } from './certificates.ts';
import { UsageError } from './failure.ts';
import { warn } from './printable.ts';
import type { Environment } from './environment.ts';

export const defaultClientId: string = `cli-${process.env['USER'] ?? 'user'}`;

/** Connects, works, and disconnects whatever happens. */
export async function withClient<T>(
  { endpoints }: Environment,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const tls = certificatesForConnections();
  // Read where nodes are asked: help needs none of its files (START-1).
  const { connect } = await import('@holdfast/client');
  const { apiKey } = await import('./api-key.ts');
  const key = apiKey();
  const client = await connect({
    endpoints: await endpoints(),
    ...(tls === undefined ? {} : { tls }),
    ...(key === undefined ? {} : { apiKey: key }),
    timeoutMs: 5000,
    onWarning: ({ message }) => {
      warn(message);
    },
  });
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

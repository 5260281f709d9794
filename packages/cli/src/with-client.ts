import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import type { Environment } from './program.ts';

/** Connects, works, and disconnects whatever happens. */
export async function withClient<T>(
  { endpoints }: Environment,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect({ endpoints, timeoutMs: 5000 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** A number of seconds as an option gives it. @throws Error naming the option. */
export function secondsOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0)
    throw new Error(`${option} takes a number of seconds; given: "${text}".`);
  return seconds;
}

/**
 * Which nodes are asked. Without any given, those that `make run` and `make cluster` start; but never
 * two clusters at once: a client that loses one would otherwise go on at another, where its sessions
 * are unknown.
 */
import { endpointOf, HoldfastError } from '@holdfast/protocol';
import { UsageError } from './failure.ts';

/** Where a node or a cluster listens that was started without saying where. */
const usual: readonly (readonly string[])[] = [
  ['http://127.0.0.1:8080'],
  ['http://127.0.0.1:5000', 'http://127.0.0.1:5001', 'http://127.0.0.1:5002'],
];
const probeMs = 500;

/** All of them, for texts. */
export const usualEndpoints: readonly string[] = usual.flat();

/**
 * The nodes given by options, else by the variable. Undefined when there are none.
 *
 * @param options Each a URL, or `host:port`.
 * @param variable The value of HOLDFAST_ENDPOINTS: the same, separated by commas.
 * @throws UsageError naming what is no URL.
 */
export function givenEndpoints(
  options: readonly string[] | undefined,
  variable: string | undefined,
): readonly string[] | undefined {
  const fromVariable = variable?.split(',').filter((part) => part.trim() !== '');
  const given = options ?? (fromVariable?.length === 0 ? undefined : fromVariable);
  return given?.map(asUrl);
}

/** The first usual group of which a node answers; all of them when none does. */
export async function findUsualEndpoints(
  answers: (url: string) => Promise<boolean> = isAlive,
): Promise<readonly string[]> {
  for (const group of usual) {
    const found = await Promise.all(group.map(answers));
    if (found.includes(true)) return group;
  }
  return usualEndpoints;
}

function asUrl(text: string): string {
  try {
    return endpointOf(text).url;
  } catch (error) {
    throw new UsageError(error instanceof HoldfastError ? error.message : String(error), {
      cause: error,
    });
  }
}

/** Without the API key: anybody may listen at an address that the user has not named. */
export async function isAlive(url: string): Promise<boolean> {
  const { httpOfNode } = await import('./plain-question.ts'); // (START-1)
  const { get } = await httpOfNode(); // PLAIN-1
  return new Promise((resolve) => {
    const none = (): void => resolve(false);
    const asked = get(`${url}/livez`, { agent: false }, (answer) => {
      answer.resume();
      answer.on('error', none);
      resolve(answer.statusCode === 200);
    });
    asked.on('error', none);
    const limit = setTimeout(() => asked.destroy(), probeMs);
    asked.on('close', () => clearTimeout(limit));
  });
}

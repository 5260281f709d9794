/** Why nodes could not be reached, for whoever is told that no answer came. */

export interface Unreached {
  readonly endpoint: string;
  /** `ECONNREFUSED`, or what else the platform says. */
  readonly cause: string;
}

/** Nodes that are told of; a cluster has seven at the most. */
const mostKept = 8;
const longestCause = 100;

export const noAnswerIn = (ms: number): string => `no answer within ${String(ms)} ms`;

/** The latest cause of each node. */
export class Causes {
  readonly #byUrl = new Map<string, string>();

  /** @param tried Being tried: told with them where nothing is known of them. */
  allAnd(tried: readonly Unreached[]): readonly Unreached[] {
    const known = Array.from(this.#byUrl, ([endpoint, cause]) => ({ endpoint, cause }));
    return [...known, ...tried.filter(({ endpoint }) => !this.#byUrl.has(endpoint))];
  }

  add(url: string, cause: string): void {
    this.#byUrl.delete(url);
    const [oldest] = this.#byUrl.keys();
    if (oldest !== undefined && this.#byUrl.size >= mostKept) this.#byUrl.delete(oldest);
    this.#byUrl.set(url, cause);
  }

  clear(): void {
    this.#byUrl.clear();
  }
}

/** Begins with a space; empty where there is none. */
export function causesText(unreached: readonly Unreached[]): string {
  if (unreached.length === 0) return '';
  const each = unreached.map(({ endpoint, cause }) => `${endpoint} (${cause})`);
  return ` Not reached: ${each.join(', ')}.`;
}

/** `fetch` says only that it failed; why is in its cause, and of several addresses in the first error. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, longestCause);
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error.cause instanceof Error) return causeOf(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  return error.message.slice(0, longestCause);
}

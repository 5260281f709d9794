/** What is fuzzed. */

export interface Target {
  readonly name: string;
  /** Inputs between two looks at what was executed. */
  readonly atOnce?: number;
  /** Inputs that are run beside each other; one, when absent. Each waits most of its time. */
  readonly beside?: number;
  readonly seeds: () => readonly Buffer[] | Promise<readonly Buffer[]>;
  /** @throws Whatever is a defect. */
  readonly run: (input: Buffer) => unknown;
}

type Expected = new (...parts: never[]) => Error;

const isOneOf = (error: unknown, expected: readonly Expected[]): boolean =>
  expected.some((kind) => error instanceof kind);

/** Refusals are right, everything else that is thrown is a defect. */
export function refusing(expected: readonly Expected[], act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!isOneOf(error, expected)) throw error;
  }
}

/** As `refusing`. @returns Undefined: it was refused. */
export async function orRefused<T>(
  expected: readonly Expected[],
  act: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!isOneOf(error, expected)) throw error;
    return undefined;
  }
}

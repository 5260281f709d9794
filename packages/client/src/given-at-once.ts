import { causeOf } from './causes.ts';

/** `why`: there is none. */
export type Given<Value> = { readonly value: Value } | { readonly why: string };

/**
 * What a function of the caller's gives, which may throw, or give a promise: it is asked in the middle of making a connection, and a
 * fault of it ends that connection alone.
 *
 * @param what It is called: "apiKey".
 */
export function givenAtOnce(what: string, give: () => unknown): Given<unknown> {
  let value: unknown;
  try {
    value = give();
  } catch (error) {
    return { why: `${what} failed: ${causeOf(error)}` };
  }
  if (!(value instanceof Promise)) return { value };
  // Of the promise nobody wants to know any more.
  value.catch(() => undefined);
  return { why: `${what} gave a promise: it has to give its value at once` };
}

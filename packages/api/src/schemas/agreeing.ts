/** Keeps the schemas and the types of the wire one and the same, at compile time. */
import type { z } from 'zod';

/** The same type, flattened and with everything readonly, so that two spellings can be compared. */
type Plain<T> = T extends readonly (infer Element)[]
  ? readonly Plain<Element>[]
  : T extends object
    ? { readonly [Key in keyof T]: Plain<T[Key]> }
    : T;

/** True only when neither type has a field, an optionality or a value that the other has not. */
type Same<A, B> =
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- T stands for every type.
  (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;

/**
 * `agreeing<Wire>()(schema)` is the schema, typed as the wire's own type; it compiles only when both
 * describe exactly the same values.
 */
export function agreeing<Wire>(): <Schema extends z.ZodType>(
  schema: Same<z.output<Schema>, Wire> extends true ? Schema : never,
) => z.ZodType<Wire> {
  return (schema) => schema as z.ZodType as z.ZodType<Wire>;
}

/** The methods of each path of a lease node: for `Allow`, for OPTIONS, and for who asks with another one. */
import type { RouteOptions } from 'fastify';

export class KnownMethods {
  readonly #paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** For fastify's `onRoute`: a GET has its HEAD added by it. */
  readonly add = ({ url, method }: Pick<RouteOptions, 'url' | 'method'>): void => {
    let known = this.#paths.get(url);
    if (known === undefined) {
      known = { pattern: patternOf(url), methods: new Set() };
      this.#paths.set(url, known);
    }
    for (const one of [method].flat()) known.methods.add(one);
  };

  /** @returns Nothing where there is no such path. */
  of(path: string): readonly string[] | undefined {
    for (const { pattern, methods } of this.#paths.values())
      if (pattern.test(path)) return [...methods, 'OPTIONS'].toSorted();
    return undefined;
  }
}

/** `:resource` is one segment, as it was sent: a "/" in a name is written %2F. */
function patternOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.?+*]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll(/:[a-z_]+/g, '[^/]+')}$`);
}

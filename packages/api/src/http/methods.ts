/**
 * The methods of a path that is there: for `Allow`, for who asks with another one, and for the question of a
 * browser before it lets a page of an allowed origin ask (https://fetch.spec.whatwg.org/#cors-preflight-fetch).
 */
import { streamPath } from '@holdfast/protocol';
import { routes } from './routes.ts';

/** As a browser is told them: those that it does not send by itself. */
export const allowedHeaders = 'authorization, content-type, last-event-id, traceparent, tracestate';
/** For so many seconds a browser need not ask again. */
export const allowedForSeconds = 600;

/** The files of the dashboard are no operations: the contract does not tell of them. */
export const dashboardFolder = 'dashboard';
const dashboardPath = `/${dashboardFolder}/{file}`;

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

const knownPaths: readonly KnownPath[] = [
  ...new Set([...routes.map(({ path }) => path), streamPath, dashboardPath]),
].map((path) => {
  const own = routes.filter((route) => route.path === path).map(({ method }) => method);
  const methods = new Set<string>(path === streamPath || path === dashboardPath ? ['GET'] : own);
  if (methods.has('GET')) methods.add('HEAD');
  return { pattern: patternOf(path), methods: [...methods, 'OPTIONS'] };
});

/** A field in braces is one segment, as it was sent: a "/" in a name is written %2F. */
function patternOf(path: string): RegExp {
  const escaped = path.replaceAll(/[.?+*]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll(/\{[a-z_]+\}/g, '[^/]+')}$`);
}

/** @returns Nothing where there is no such path. */
export function methodsOf(url: string): readonly string[] | undefined {
  const [path = ''] = url.split('?');
  const found = knownPaths.filter(({ pattern }) => pattern.test(path));
  if (found.length === 0) return undefined;
  return [...new Set(found.flatMap(({ methods }) => methods))];
}

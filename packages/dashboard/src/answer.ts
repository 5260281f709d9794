/** A file of the dashboard as an answer, whatever server gives it. */
import { pageHeaders } from './files.ts';
import type { PageFile } from './files.ts';

export interface PageAnswer {
  readonly status: 200 | 304;
  /** Without `vary`: it may vary with more. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** @param known What the browser has already: `If-None-Match`. */
export function answerOf(file: PageFile, gzip: boolean, known: string | undefined): PageAnswer {
  const { contentType, content, compressed, etag } = file;
  const headers = { ...pageHeaders, etag };
  if (isKnown(etag, known)) return { status: 304, headers, body: undefined };
  const typed = { ...headers, 'content-type': contentType };
  return gzip
    ? { status: 200, headers: { ...typed, 'content-encoding': 'gzip' }, body: compressed }
    : { status: 200, headers: typed, body: content };
}

/** RFC 9110, 13.1.2; a proxy that compresses makes a weak one of an etag. */
const isKnown = (etag: string, known: string | undefined): boolean =>
  known?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) === true;

/** Named in `Accept-Encoding`, and not with a weight of 0 (RFC 9110, 12.5.3). */
export const takesGzip = (accepted: string): boolean =>
  accepted
    .toLowerCase()
    .split(',')
    .map((one) => one.trim().split(';'))
    .some(([coding, weight = '']) => coding === 'gzip' && !/^\s*q=0(?:\.0*)?$/.test(weight));

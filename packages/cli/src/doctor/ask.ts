/**
 * A question to a node, with the certificates of the configuration that is examined, and what came of it: an answer, a
 * refusal, a handshake that failed, or silence. Each of these needs something else to be done.
 *
 * DOCTOR-KEY-1: the API key is shown to this node and to those of --endpoint. An address that a node names is shown it only
 *     where that node is of the cluster of this node, as it tells it itself or the configuration does, and over no plain HTTP where this node is reached over
 *     TLS: anything that answers can name an address.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { ClusterStatusAnswer } from '@holdfast/protocol';
import type { Configuration } from '@holdfast/server';
import { isLoopback } from '@holdfast/tls';
import { apiKey } from '../api-key.ts';
import { isClusterStatus, isRecord } from '../ask-node.ts';
import { certificates } from '../certificates.ts';
import { isOfHandshake } from '../reach-failure.ts';
import { reasonOf } from './finding.ts';

const patienceMs = 3000;
const longestAnswerBytes = 1024 * 1024;

/** In PEM. */
interface Shown {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What the nodes of this configuration are asked with. */
export interface Asking {
  /** The node itself: its certificate is for clients as well, and its name is not compared. */
  readonly own: Shown;
  /** Those of the command line go before those of the configuration. */
  readonly others: Shown;
}

export function askingWith({ tls }: Pick<Configuration, 'tls'>): Asking {
  const own = tls === null ? {} : { ...readAs('ca', tls.files.authority), ...pairOf(tls.files) };
  return { own, others: { ...own, ...certificates() } };
}

function readAs(name: keyof Shown, path: string): Shown {
  if (path === '') return {};
  try {
    return { [name]: readFileSync(path, 'utf8') };
  } catch {
    return {}; // What cannot be read is told of by examineCertificates.
  }
}

function pairOf(files: { readonly certificate: string; readonly key: string }): Shown {
  const pair = { ...readAs('cert', files.certificate), ...readAs('key', files.key) };
  return pair.cert === undefined || pair.key === undefined ? {} : pair;
}

export type NodeProbe =
  | {
      readonly kind: 'told';
      readonly status: ClusterStatusAnswer;
      readonly date: number;
      readonly hereMs: number;
    }
  /** A node, which does not tell its status to whoever asks so. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Somebody listens, and no connection over TLS comes about. */
  | { readonly kind: 'handshake'; readonly reason: string }
  /** Somebody answers who is no node, or a node that cannot serve. */
  | { readonly kind: 'other'; readonly reason: string }
  | { readonly kind: 'silent'; readonly reason: string };

export interface Manner {
  /** It is this node, on this machine. */
  readonly isOwn: boolean;
  /** DOCTOR-KEY-1. */
  readonly showsKey: boolean;
}

export async function hear(url: string, asking: Asking, manner: Manner): Promise<NodeProbe> {
  const shown = manner.isOwn ? asking.own : asking.others;
  try {
    const { status, body } = await get(url, '/cluster/status', shown, manner);
    if (status !== 200) return refusalOf(status, body);
    if (!isClusterStatus(body)) return { kind: 'other', reason: 'it is no node of Holdfast' };
    const startedMs = Date.now();
    const probe = await get(url, '/livez', shown, { ...manner, showsKey: false });
    // The middle of the question: the header stands for a whole second.
    const hereMs = (startedMs + Date.now()) / 2;
    return { kind: 'told', status: body, date: Date.parse(probe.date ?? ''), hereMs };
  } catch (error) {
    return { kind: isOfHandshake(error) ? 'handshake' : 'silent', reason: reasonOf(error) };
  }
}

/** Whether authentication is on, as this node tells everybody; undefined where it does not. */
export async function isAuthenticationOn(
  url: string,
  { own }: Asking,
): Promise<boolean | undefined> {
  try {
    const { status, body } = await get(url, '/auth', own, { isOwn: true, showsKey: false });
    const enabled = status === 200 && isRecord(body) ? body['enabled'] : undefined;
    return typeof enabled === 'boolean' ? enabled : undefined;
  } catch {
    return undefined; // Why it is silent is told by examineNodes.
  }
}

function refusalOf(status: number, body: unknown): NodeProbe {
  const code = isRecord(body) && typeof body['code'] === 'string' ? body['code'] : undefined;
  const reason = `${String(status)}${code === undefined ? '' : ` ${code}`}`;
  const isRefusal = (status === 401 || status === 403) && code !== undefined;
  return { kind: isRefusal ? 'refused' : 'other', reason };
}

interface Got {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: unknown;
}

async function get(
  url: string,
  path: string,
  shown: Shown,
  { isOwn, showsKey }: Manner,
): Promise<Got> {
  const at = new URL(url);
  at.pathname = at.pathname.replace(/\/*$/, path); // A reverse proxy may have the node below a path (docs/addresses.md).
  const key = showsKey ? apiKey() : undefined;
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const signal = AbortSignal.timeout(patienceMs);
  const options = { agent: false, headers, signal } as const;
  // On its own machine a node is reached at an address that its certificate need not name.
  const unnamed = isOwn || isLoopback(at.hostname.replace(/^\[|\]$/g, ''));
  const asked =
    at.protocol === 'https:'
      ? requestSecure(at, {
          ...options,
          ...shown,
          rejectUnauthorized: true, // TLS-7 of packages/tls/src/member-sockets.ts
          ...(unnamed ? { checkServerIdentity: () => undefined } : {}),
        })
      : request(at, options);
  asked.end();
  const [answer] = (await once(asked, 'response', { signal })) as [IncomingMessage];
  const body = await bodyOf(answer);
  return { status: answer.statusCode ?? 0, date: answer.headers.date, body };
}

async function bodyOf(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > longestAnswerBytes) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as unknown;
  } catch {
    return undefined;
  }
}

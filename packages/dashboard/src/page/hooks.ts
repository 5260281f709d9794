/** What components stand on: an answer that is kept up to date, the connection, the address. */
import { ask, asFailure, isPassing } from './asking.ts';
import type { RequestFailure } from './asking.ts';
import { useEffect, useRef, useState } from './library.ts';
import { live } from './live.ts';
import type { ConnectionState } from './live.ts';
import { Refreshing } from './refreshing.ts';
import type { Concerns } from './refreshing.ts';

export interface Polled<Answer> {
  readonly answer: Answer | undefined;
  readonly failure: RequestFailure | undefined;
  readonly reload: () => void;
}

/** Read now, on each change that concerns it, and every `everyMs`, while the tab is looked at. */
export const useAnswer = <Answer>(
  path: string,
  everyMs: number,
  concerns?: Concerns,
): Polled<Answer> => useRead(path, (signal) => ask<Answer>(path, signal), everyMs, concerns);

/**
 * @param path Of what is read; another one is read at once.
 * @param concerns Which changes it is read on as well; none when absent.
 */
export function useRead<Answer>(
  path: string,
  read: (signal: AbortSignal) => Promise<Answer>,
  everyMs: number,
  concerns?: Concerns,
): Polled<Answer> {
  const [told, tell] = useState<{ path: string; answer?: Answer; failure?: RequestFailure }>({
    path,
  });
  const again = useRef(() => {});
  const wanted = useRef(concerns);
  wanted.current = concerns;
  useEffect(() => {
    const end = new AbortController();
    let isUnderWay = false;
    let isWanted = false;
    const load = async (): Promise<void> => {
      isWanted = isUnderWay;
      if (isUnderWay) return;
      isUnderWay = true;
      const found = await read(end.signal).then(
        (answer) => ({ path, answer }),
        (error: unknown) => ({ path, failure: asFailure(error) }),
      );
      isUnderWay = false;
      if (end.signal.aborted) return;
      // What was shown stays where the node cannot answer at the moment, beside the failure.
      tell((before) =>
        'failure' in found && isPassing(found.failure) && before.path === path
          ? { ...before, ...found }
          : found,
      );
      if (isWanted) void load();
    };
    again.current = () => void load();
    void load();
    const refreshing = new Refreshing(
      () => void load(),
      () => document.visibilityState === 'visible',
    );
    const looked = (): void => refreshing.looked();
    document.addEventListener('visibilitychange', looked);
    const timer = setInterval(() => refreshing.due(), everyMs);
    const ignore = live.onEvents((events) => {
      if (wanted.current !== undefined) refreshing.told(events, wanted.current);
    });
    return () => {
      end.abort();
      clearInterval(timer);
      ignore();
      document.removeEventListener('visibilitychange', looked);
    };
  }, [path, everyMs]);
  const isOfPath = told.path === path;
  return {
    answer: isOfPath ? told.answer : undefined,
    failure: isOfPath ? told.failure : undefined,
    reload: () => again.current(),
  };
}

export function useConnection(): ConnectionState {
  const [connection, set] = useState(live.connection);
  useEffect(() => {
    // It may have changed before anybody listened.
    set(live.connection);
    return live.onConnection(set);
  }, []);
  return connection;
}

/** The parts of what stands behind `#/`, decoded. */
export const readAddress = (hash: string): readonly string[] =>
  hash
    .replace(/^#\/?/, '')
    .split('/')
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });

export const addressOf = (...parts: readonly string[]): string =>
  `#/${parts.map((part) => encodeURIComponent(part)).join('/')}`;

export function useAddress(): readonly string[] {
  const [hash, set] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => set(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return readAddress(hash);
}

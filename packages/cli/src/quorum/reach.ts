/** Where members of a set are reached, as the option gives it. */
import { givenEndpoints } from '../endpoints.ts';
import { UsageError } from '../failure.ts';

/**
 * `NAME=URL`, separated by commas: where a member is reached that is not to be reached by its name.
 *
 * @throws UsageError
 */
export function reachOf(list: string | undefined): (member: string) => string | undefined {
  const known = new Map(Object.entries(reaches(list)));
  return (member) => known.get(member);
}

/** @throws UsageError */
export function reaches(list: string | undefined): Readonly<Record<string, string>> {
  const pairs = (list ?? '').split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, url, ...more] = givenEndpoints(pair.split('='), undefined) ?? [];
      if (name === undefined || url === undefined || more.length > 0)
        throw new UsageError(
          `--reach takes NAME=URL, separated by commas: http://a:5001=http://10.0.0.7:5001; given: "${pair}".`,
        );
      return [name, url] as const;
    }),
  );
}

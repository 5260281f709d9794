/** The dashboard of a node with 100,000 locks: what it asks for and shows is a page of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Request } from 'playwright-core';
import { freePorts } from '../../src/free-ports.ts';
import { oneNode, post } from './node.ts';
import type { OneNode } from './node.ts';
import { launch, look } from './seen.ts';
import type { Looker } from './seen.ts';

const locks = 100_000;
const fewLocks = 300;
const rowsOfPage = 50;
/** As many as one request may name. */
const inOneRequest = 64;
const atOnce = 8;

const nameOf = (number: number): string => `jobs/${String(number).padStart(6, '0')}`;

/** All of one session: they are to be read by its page as well. */
async function beginSession({ url }: OneNode): Promise<string> {
  const { session_id: session } = await post(url, 'sessions', { client_id: 'many', timeout: 3600 });
  return String(session);
}

async function fill({ url }: OneNode, session: string, from: number, end: number): Promise<void> {
  let next = from;
  const acquire = async (): Promise<void> => {
    while (next < end) {
      const first = next;
      next = Math.min(end, first + inOneRequest);
      const resources = Array.from({ length: next - first }, (_, index) => ({
        name: nameOf(first + index),
      }));
      await post(url, 'locks/acquire-many', { session_id: session, resources });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, acquire));
}

/** From the click on "Next page" until its last row is seen, of five pages from the first on: the median, in ms. */
async function pageTurnMs({ page, sees }: Looker): Promise<number> {
  const tookMs: number[] = [];
  for (let turned = 1; turned <= 5; turned += 1) {
    const startMs = performance.now();
    await page.getByRole('button', { name: 'Next page' }).click();
    await sees(nameOf(turned * rowsOfPage + rowsOfPage - 1));
    tookMs.push(performance.now() - startMs);
  }
  return tookMs.toSorted((a, b) => a - b)[2] ?? assert.fail();
}

interface Answered {
  readonly path: string;
  readonly bytes: number;
}

describe('The dashboard of a node with 100,000 locks', () => {
  it('shows them page by page, finds them by prefix, and keeps up with changes', async (t) => {
    await using node = await oneNode(await freePorts(1));
    const session = await beginSession(node);
    const browser = await launch();
    t.after(() => browser.close());
    const list = `${node.url}/#/resources/lock`;
    // The page of the session has holds in the order of their grants: the first ones come alone.
    await fill(node, session, 0, inOneRequest);
    await fill(node, session, inOneRequest, fewLocks);
    const turnsMs = async (): Promise<number> => {
      await using looker = await look(browser, list);
      return await pageTurnMs(looker);
    };
    const fewMs = await turnsMs();
    await fill(node, session, fewLocks, locks);
    const manyMs = await turnsMs();
    t.diagnostic(
      `the next page: ${fewMs.toFixed(0)} ms with ${String(fewLocks)} locks, ${manyMs.toFixed(0)} ms with ${String(locks)}`,
    );
    assert.ok(
      manyMs < 5 * fewMs + 200,
      `${manyMs.toFixed(0)} ms with ${String(locks)} locks, and ${fewMs.toFixed(0)} ms with ${String(fewLocks)}`,
    );
    await using looker = await look(browser, list);
    await looker.page.reload();
    const { page, sees } = looker;
    const sizes: Promise<Answered>[] = [];
    const note = (request: Request): void => {
      const path = new URL(request.url()).pathname;
      sizes.push(request.sizes().then(({ responseBodySize: bytes }) => ({ path, bytes })));
    };
    page.on('requestfinished', note);
    const rows = (): Promise<number> => page.locator('tbody tr').count();

    await sees(nameOf(0));
    assert.equal(await rows(), 50);
    await page.getByRole('button', { name: 'Next page' }).click();
    await sees(nameOf(99));
    assert.equal(await rows(), 50);
    await page.getByRole('searchbox').fill('jobs/0999');
    await sees(nameOf(99_949));
    await page.getByRole('button', { name: 'Next page' }).click();
    await sees(nameOf(99_999));
    assert.equal(await rows(), 50);
    assert.ok(await page.getByRole('button', { name: 'Next page' }).isDisabled());

    // What changes meanwhile is seen, and no more of it is kept than is shown.
    for (let number = 0; number < 500; number += 1)
      await post(node.url, `locks/${encodeURIComponent(nameOf(99_950))}/release`, {
        session_id: session,
      }).then(() =>
        post(node.url, `locks/${encodeURIComponent(nameOf(99_950))}/acquire`, {
          session_id: session,
        }),
      );
    await sees(`token ${String(locks + 500)}`);
    assert.ok((await page.locator('*').count()) < 1500, 'the page is no larger than what it shows');

    await page.getByRole('link', { name: nameOf(99_950) }).click();
    await sees(`was granted it (exclusive) with fence token ${String(locks + 500)}.`);
    assert.ok((await page.locator('.timeline li').count()) <= 200);
    await page.getByRole('link', { name: session }).click();
    await sees('Last contact');
    await sees(nameOf(0));
    assert.equal(await rows(), 50);
    await page.getByRole('link', { name: 'Cluster' }).click();
    await sees('100,000');

    // The page is still there: once it is closed nobody can tell the size of an answer.
    page.off('requestfinished', note);
    const answered = await Promise.all(sizes);
    assert.ok(
      answered.some(({ path }) => path === '/locks'),
      'the sizes of answers are known',
    );
    for (const { path, bytes } of answered)
      assert.ok(bytes < 100_000, `${path}: ${String(bytes)} bytes`);
    assert.deepEqual(looker.complaints, []);
  });
});

/** A page of the dashboard in Debian's Chromium: what is seen on it, whether everybody can use it, and its screenshot. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { recordScreenshot } from '../../../../scripts/check-screenshots.ts';
import { findChromium } from '../integration/support/page.ts';

const longestMs = 20_000;
const desk = { width: 1280, height: 800 };
const phone = { width: 375, height: 700 };
const screenshots = fileURLToPath(new URL('../../../../docs/images/', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** As axe tells of it. */
interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** How a page is shown: in the light and on a desk where nothing is said. */
interface Shown {
  readonly isDark?: boolean;
  readonly isPhone?: boolean;
  /** As far as it goes, and not what is seen at once. */
  readonly isWhole?: boolean;
}

export interface Looker extends AsyncDisposable {
  readonly page: Page;
  /** Waits until this text is on the page. */
  sees(text: string | RegExp): Promise<void>;
  /** Leaves the dialog by its key. */
  escapes(): Promise<void>;
  /** From now on it asks again on what the watch tells alone, or once more by itself every so often. */
  asksByItself(does: boolean): Promise<void>;
  /** WCAG 2.2 A and AA, light and dark, and no sideways scrolling on a phone. */
  isUsable(): Promise<void>;
  /** Into docs/images, where `SCREENSHOTS` is set. */
  screenshot(name: string, how?: Shown): Promise<void>;
  /** What the browser complained of: refused by the policy, thrown. */
  readonly complaints: readonly string[];
}

export function launch(): Promise<Browser> {
  const program = findChromium();
  if (program === undefined) throw new Error('There is no Chromium: apt-get install chromium.');
  return chromium.launch({
    channel: 'chromium',
    executablePath: `/usr/bin/${program}`,
    args: ['--no-sandbox'],
  });
}

interface HowLooked {
  /** By how much sooner the page asks again than it does by itself. */
  readonly pollsFaster?: number;
}

export async function look(
  browser: Browser,
  url: string,
  { pollsFaster = 1 }: HowLooked = {},
): Promise<Looker> {
  // Only the checker is brought in from outside the page's policy.
  const context = await browser.newContext({
    viewport: desk,
    colorScheme: 'light',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(longestMs);
  await page.addInitScript(`{
    const every = setInterval;
    globalThis.setInterval = (tell, ms) =>
      every(() => globalThis.asksByItself === false || tell(), ms / ${String(pollsFaster)});
  }`);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedScript|Uncaught/.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    complaints,
    sees: async (text) => {
      await page.getByText(text).first().waitFor({ state: 'visible' });
    },
    async escapes() {
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
    },
    asksByItself: (does) => page.evaluate(`globalThis.asksByItself = ${String(does)}; undefined`),
    async isUsable() {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.evaluate(axe);
        const violations = await page.evaluate<readonly Violation[]>(
          `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((found) => found.violations)`,
        );
        const told = violations.map(({ id, help, nodes: [first] }) => [id, help, first]);
        assert.deepEqual(told, [], `${page.url()} ${colorScheme}`);
      }
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize(phone);
      const [wide, shown] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      assert.ok(wide <= shown, `${page.url()} is ${String(wide)} pixels wide on a phone`);
      await page.setViewportSize(desk);
    },
    async screenshot(name, { isDark = false, isPhone = false, isWhole = false } = {}) {
      if (process.env['SCREENSHOTS'] === undefined) return;
      mkdirSync(screenshots, { recursive: true });
      await page.emulateMedia({ colorScheme: isDark ? 'dark' : 'light', reducedMotion: 'reduce' });
      await page.setViewportSize(isPhone ? phone : desk);
      const path = join(screenshots, `dashboard-${name}.png`);
      await page.screenshot({ path, fullPage: isWhole });
      recordScreenshot(name);
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize(desk);
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

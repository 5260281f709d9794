import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Dashboard } from '@holdfast/dashboard';
import { assertProblem, startHarness } from '../harness.ts';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const files = new Dashboard('dashboard').names;

describe('The dashboard over HTTP', () => {
  it('is at / for browsers, and programs get JSON there as ever', async (t) => {
    const { request } = startHarness(t);
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
      const program = await request('GET', '/', undefined, headers);
      assert.equal(program.body['service'], 'holdfast');
      assert.match(String(program.headers['vary']), /\baccept\b/);
      assert.equal(program.headers['content-security-policy'], undefined);
    }
    const browser = await request('GET', '/', undefined, html);
    assert.equal(browser.status, 200);
    assert.equal(browser.type, 'text/html; charset=utf-8');
    assert.match(browser.text, /^<!doctype html>/);
    assert.match(String(browser.headers['vary']), /\baccept\b/);
  });

  it('executes nothing that is not one of its own files (PAGE-2)', async (t) => {
    const { request } = startHarness(t);
    const { headers, text } = await request('GET', '/', undefined, html);
    const policy = String(headers['content-security-policy']);
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
      assert.ok(policy.split('; ').includes(part), part);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    // Nothing inline, nothing of another host.
    assert.doesNotMatch(text, /<script(?![^>]* src=)|<style| style=| on[a-z]+=|https?:\/\//);
    const linked = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    assert.ok(linked.length > 3);
    for (const path of linked) {
      const file = await request('GET', `/${path}`);
      assert.equal(file.status, 200, path);
      assert.equal(file.headers['content-security-policy'], policy, path);
    }
  });

  it('tells a HEAD what it tells a GET, without the content', async (t) => {
    const { request } = startHarness(t);
    for (const path of ['/', '/dashboard/style.css']) {
      const head = await request('HEAD', path, undefined, html);
      const got = await request('GET', path, undefined, html);
      assert.equal(head.status, 200);
      assert.equal(head.text, '');
      for (const name of ['content-type', 'content-length', 'etag', 'content-security-policy'])
        assert.equal(head.headers[name], got.headers[name], name);
    }
  });

  it('is sent again only where it changed, and compressed where that is taken', async (t) => {
    const { request, built } = startHarness(t);
    const first = await request('GET', '/dashboard/style.css');
    assert.equal(first.headers['cache-control'], 'no-cache');
    const etag = String(first.headers['etag']);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await request('GET', '/dashboard/style.css', undefined, {
        'if-none-match': known,
      });
      assert.equal(again.status, 304, known);
      assert.equal(again.text, '');
    }
    const other = await request('GET', '/dashboard/style.css', undefined, {
      'if-none-match': '"other"',
    });
    assert.equal(other.status, 200);
    const packed = await built.app.inject({
      url: '/dashboard/style.css',
      headers: { host: 'localhost', 'accept-encoding': 'gzip' },
    });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(packed.rawPayload).toString(), first.text);
  });

  it('serves no other file, whatever the path is (PAGE-1)', async (t) => {
    const { request } = startHarness(t);
    const strange = [
      '',
      'package.json',
      '..%2Ffiles.ts',
      '..%2F..%2Fpackage.json',
      '%2Fetc%2Fpasswd',
      '..%5Cfiles.ts',
      'main.ts%00.css',
      '__proto__',
      'constructor',
    ];
    for (const name of strange) {
      const answer = await request('GET', `/dashboard/${name}`);
      assertProblem(answer, 404, 'route_not_found');
    }
    assertProblem(await request('GET', '/dashboard/../package.json'), 404, 'route_not_found');
  });

  it('has GET and HEAD alone', async (t) => {
    const { request } = startHarness(t);
    const answer = await request('POST', '/dashboard/style.css', {});
    assertProblem(answer, 405, 'method_not_allowed');
    assert.equal(answer.headers['allow'], 'GET, HEAD, OPTIONS');
  });

  it('is refused to who shows a proof that does not hold (HTTP-PAGE-1)', async (t) => {
    const { request } = startHarness(t);
    const wrong = { ...html, authorization: 'Bearer hf_0_wrong' };
    assertProblem(await request('GET', '/', undefined, wrong), 401, 'unauthorized');
    assertProblem(
      await request('GET', '/dashboard/style.css', undefined, wrong),
      401,
      'unauthorized',
    );
  });

  it('is not shown to pages of other origins', async (t) => {
    const { request } = startHarness(t);
    const foreign = { ...html, origin: 'https://elsewhere.example' };
    assertProblem(await request('GET', '/', undefined, foreign), 403, 'forbidden');
  });

  it('takes less than 150 kB, compressed', async () => {
    const dashboard = new Dashboard('dashboard');
    let bytes = (await dashboard.page()).compressed.length;
    for (const name of dashboard.names)
      bytes += (await dashboard.file(name))?.compressed.length ?? 0;
    assert.ok(files.length > 10);
    assert.ok(bytes > 10_000 && bytes < 150_000, `${String(bytes)} bytes`);
  });
});

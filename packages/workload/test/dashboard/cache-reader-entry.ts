/** A client in a process of its own, so that it can be stopped: `cache-reader-entry.ts URL KEY` reads the key again and again, and says so each time. */
import { setTimeout } from 'node:timers/promises';
import { connect } from '@holdfast/client';

const [, , url = '', key = ''] = process.argv;
await using client = await connect({ endpoints: [url] });
for (;;) {
  await client.cache.get(key);
  console.log('read');
  await setTimeout(20);
}

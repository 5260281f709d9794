import { live } from './run/life.ts';
const [first = '1', count = '1', trace] = process.argv.slice(2);
const t0 = performance.now();
let virtual = 0;
for (let i = 0n; i < BigInt(count); i++) {
  const seed = BigInt(first) + i;
  try {
    const r = await live(seed, trace ? (l) => console.log(l) : undefined);
    virtual += r.virtualMs;
    console.log(JSON.stringify(r, (_k, v) => (typeof v === 'bigint' ? String(v) : v)));
  } catch (e) {
    console.log('SEED', seed, (e as Error).stack, ((e as Error).cause as Error)?.stack);
  }
}
console.log((performance.now() - t0) / Number(count), 'ms per life', virtual / 3600000);

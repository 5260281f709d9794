#!/usr/bin/env node
import './no-debugger.ts';
import './deaf-stderr.ts';

// Not by a static import: all of those are read before the first of them is run.
const { start } = await import('./start.ts');
await start(process.argv.slice(2));

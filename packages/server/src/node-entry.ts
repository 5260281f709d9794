/** The process of one node of a local cluster; configured by its environment alone. */
import { loadConfiguration } from './configuration/load.ts';
import { runNode } from './process.ts';

await runNode(loadConfiguration({ environment: process.env }));

/**
 * Loaded before a file of tests with properties: the first example that fails is enough. To look for smaller ones
 * takes minutes, in which nothing is reported.
 */
import { configureGlobal, readConfigureGlobal } from 'fast-check';

configureGlobal({ ...readConfigureGlobal(), endOnFailure: true });

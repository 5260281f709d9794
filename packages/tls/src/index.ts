export { dnsNamesIn } from './names.ts';

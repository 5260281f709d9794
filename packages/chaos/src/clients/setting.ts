/** What a process is told by its environment. @throws Error when it is not. */
export function settingOf(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}

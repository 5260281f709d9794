/** The engine answered with something that does not belong to what was asked: a defect of the node. */
export function unexpected(type: string): never {
  throw new Error(`The engine answered with "${type}", which does not belong to what was asked.`);
}

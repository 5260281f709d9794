/** What this node logs, and the change of that while it runs: of this node alone, and until it is started again. */
import type { LogLevelAnswer, SetLogLevelBody } from '@holdfast/protocol';
import type { OperationContext } from './context.ts';

export type LogLevelWord = SetLogLevelBody['level'];

export function logLevel(_body: object, { service }: OperationContext): LogLevelAnswer {
  return { node_id: service.nodeId, level: service.logLevel.level as LogLevelWord };
}

export function setLogLevel({ level }: SetLogLevelBody, context: OperationContext): LogLevelAnswer {
  const { service } = context;
  const change = { from: service.logLevel.level, to: level, identity: context.caller.identity };
  // Said before: at the new level it may not be read.
  service.log.warn(change, 'The level of this log is changed, until this node is started again.');
  service.logLevel.level = level;
  return logLevel({}, context);
}

/**
 * Nobody may read what is told on stderr any more: `2>&1 | head`, a log reader that was restarted. An error that nobody listens to
 * ends the process, with a status that means something else, and with it a command or a node that is well. What is said
 * is lost; the status tells what became of the command.
 */
process.stderr.on('error', () => undefined);

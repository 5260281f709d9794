/**
 * Node answers SIGUSR1 by opening its debugger to every user of the machine, until somebody listens to that signal.
 * Imported before all else: what is read first takes the longest part of a start.
 */
process.on('SIGUSR1', () => undefined);

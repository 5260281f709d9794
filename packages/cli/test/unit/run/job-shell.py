"""A shell with one job, on a terminal of its own: bytes on stdin are typed there, stdout shows its screen.

When the job stops it says "[stopped]" and reads a line, "fg" or "bg"; at its end it says "[exit N]" or
"[signal N]" and whose the foreground was.
"""

import os
import pty
import select
import signal
import sys


def say(text):
    os.write(1, f"{text}\r\n".encode())


def read_line():
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1)
    return line.decode().strip()


def shell(command):
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
        for number in (signal.SIGTTOU, signal.SIGTSTP, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    say(f"[job {job}]")
    foreground = True
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        before = os.tcgetpgrp(0)
        os.tcsetpgrp(0, os.getpgrp())
        if not os.WIFSTOPPED(status):
            owner = "job" if before == job else "shell" if before == os.getpgrp() else "nobody"
            how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
            say(f"[{how}] [foreground {owner}]")
            return
        say("[stopped]")
        if read_line() == "fg":
            os.tcsetpgrp(0, job)
        os.killpg(job, signal.SIGCONT)


pid, terminal = pty.fork()
if pid == 0:
    shell(sys.argv[1:])
    os._exit(0)
watched = [0, terminal]
while True:
    ready, _, _ = select.select(watched, [], [])
    if 0 in ready:
        typed = os.read(0, 1024)
        if typed:
            os.write(terminal, typed)
        else:
            watched = [terminal]
    if terminal in ready:
        try:
            shown = os.read(terminal, 1024)
        except OSError:
            break
        if not shown:
            break
        os.write(1, shown)

"""Runs one command and says what it cost, by the operating system's accounting of its whole process tree.

    measure.py OUTPUT_FILE COMMAND...

The command's output goes to OUTPUT_FILE. Prints one line of JSON: code, seconds (start-up and all), cpu (user + system
seconds: wait4's rusage, which includes every descendant that was waited for) and peak (resident bytes: ru_maxrss, or
the sum of VmHWM over the processes of the tree where there are several).
"""

import json
import os
import sys
import threading
import time

SAMPLE_SECONDS = 0.05


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def tree(pid):
    return [pid] + [each for child in children(pid) for each in tree(child)]


def high_water(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def watch(pid, ended, seen):
    """Only a tree of several processes needs looking at: of one, rusage says it exactly."""
    while not ended.wait(SAMPLE_SECONDS):
        pids = tree(pid)
        if len(pids) > 1:
            seen.append(sum(high_water(each) for each in pids))


def main():
    output, command = sys.argv[1], sys.argv[2:]
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(error, file=sys.stderr)
            os._exit(127)
    ended, seen = threading.Event(), [0]
    watcher = threading.Thread(target=watch, args=(pid, ended, seen))
    watcher.start()
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    ended.set()
    watcher.join()
    print(
        json.dumps(
            {
                "code": os.waitstatus_to_exitcode(status),
                "seconds": seconds,
                "cpu": usage.ru_utime + usage.ru_stime,
                # Linux counts it in KiB, macOS in bytes.
                "peak": max(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), *seen),
            }
        )
    )


main()

"""Runs a program on a terminal of its own and answers its questions: argv[1] is JSON, {"argv": [...], "answers": [[question, answer], ...]}."""

import json
import os
import pty
import select
import sys
import time

wanted = json.loads(sys.argv[1])
answers = wanted["answers"]
child, terminal = pty.fork()
if child == 0:
    os.execvp(wanted["argv"][0], wanted["argv"])

seen = b""
searched = 0
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    if not select.select([terminal], [], [], 0.1)[0]:
        continue
    try:
        chunk = os.read(terminal, 65536)
    except OSError:  # Linux says EIO when the last process has let go of the terminal.
        break
    if not chunk:
        break
    seen += chunk
    if answers:
        question, answer = answers[0]
        at = seen.find(question.encode(), searched)
        if at >= 0:
            searched = at + len(question.encode())
            answers = answers[1:]
            # Whoever asks for a secret turns the echo off around now.
            time.sleep(0.3)
            os.write(terminal, answer.encode() + b"\r")
else:
    os.kill(child, 9)

sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

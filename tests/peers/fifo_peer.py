"""Copies lines from one FIFO to another in upper case, until the end."""

import sys

print("READY", flush=True)
with open(sys.argv[1]) as source, open(sys.argv[2], "w") as target:
    for line in source:
        target.write(line.upper())
        target.flush()

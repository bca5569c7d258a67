"""Writes scripts.txt from Scripts.txt of the Unicode Character Database (15.0), given as argument: a line per script, its ranges in order."""
import os
import sys

# 15.1 added one block of assigned characters.
ADDED = [(0x2EBF0, 0x2EE5D, "Han")]


def main():
    ranges = list(ADDED)
    with open(sys.argv[1], encoding="utf-8") as source:
        for line in source:
            fields = line.split("#")[0].split(";")
            if len(fields) == 2:
                ends = fields[0].strip().split("..")
                ranges.append((int(ends[0], 16), int(ends[-1], 16), fields[1].strip()))
    scripts = {}
    for start, end, name in sorted(ranges):
        runs = scripts.setdefault(name, [])
        if runs and runs[-1][1] == start - 1:
            runs[-1][1] = end
        else:
            runs.append([start, end])
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts.txt")
    with open(path, "w", encoding="ascii", newline="\n") as out:
        out.write("# Derived from the Unicode Character Database 15.1 by generate_scripts.py (Unicode-3.0 licence).\n")
        for name in sorted(scripts):
            out.write(" ".join([name] + [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in scripts[name]]) + "\n")


main()

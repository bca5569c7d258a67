"""Writes normalization.txt from the Unicode Character Database that Python carries. Run with the newest Python at hand."""
import os
import sys
import unicodedata


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "normalization.txt")
    with open(path, "w", encoding="ascii", newline="\n") as out:
        out.write(f"# Derived from the Unicode Character Database {unicodedata.unidata_version} by generate.py (Unicode-3.0 licence).\n")
        out.write("# c: combining class of a range; d: canonical decomposition (x: excluded from composition); k: compatibility.\n")
        classes()(out)
        for point in range(sys.maxunicode + 1):
            decomposition(point, out)


def classes():
    runs = []
    for point in range(sys.maxunicode + 1):
        value = unicodedata.combining(chr(point))
        if value and runs and runs[-1][1] == point - 1 and runs[-1][2] == value:
            runs[-1][1] = point
        elif value:
            runs.append([point, point, value])
    return lambda out: out.writelines(f"c {a:X} {b:X} {v}\n" for a, b, v in runs)


def decomposition(point, out):
    text = unicodedata.decomposition(chr(point))
    if not text:
        return
    if text.startswith("<"):
        out.write(f"k {point:X} {text.split('> ')[1]}\n")
    else:
        parts = "".join(chr(int(part, 16)) for part in text.split())
        excluded = unicodedata.normalize("NFC", parts) != chr(point)
        out.write(f"{'x' if excluded else 'd'} {point:X} {text}\n")


main()

"""The files of the checkout, and C text without its comments and strings."""

import re
import subprocess


def listed(*patterns):
    """Tracked and new files that match, in order; ignored and deleted ones are left out."""
    out = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
        check=True, capture_output=True, text=True).stdout
    gone = subprocess.run(
        ["git", "ls-files", "-d", "--", *patterns],
        check=True, capture_output=True, text=True).stdout.split("\n")
    return sorted(set(out.split("\n")) - set(gone) - {""})


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


_SKIP = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def bare(text):
    """Comments and strings blanked out, lines kept where they are."""
    return _SKIP.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


class Findings:
    def __init__(self):
        self.count = 0

    def add(self, path, line, text):
        self.count += 1
        print(f"{path}:{line}: {text}")

    def exit_status(self):
        return 1 if self.count else 0

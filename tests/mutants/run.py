#!/usr/bin/env python3
"""run.py [ROOM[:NUMBER] ...] [--only ROOM] [--jobs N] [--minutes N] -- does the suite notice? Each mutation of tests/mutants/ROOM.txt is made
in a copy of the tree, what its tests need is built, and they run: caught where one goes red (or hangs, or dies), survived where
all stay green. A table by room at the end. Status 1 where fewer than 95 of 100 are caught, or a mutation cannot be made any
more: its old text is not in its function, or not once, or the result does not compile. That is looked at before any is run.

An interrupted run goes on where it was: what is judged stands in the folder of --work, by the mutation's words, its file and
its tests, and is judged again where one of them has changed, or with --anew.

A mutation is a block of lines:
    = WHAT WOULD BE WRONG
    in FILE FUNCTION          ("-" for a place outside of functions; KERNEL(NAME) as it stands there)
    tests TEST [RANKS]; ...   as in a line of tests/list, the likeliest first; or
    equivalent REASON         nothing that can be seen changes, which is why no test is asked for
    - old text                leading "- " and "+ " are cut off, and spaces around a line do not count when it is looked for
    + new text
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
LIMIT = 300  # seconds for a test without a mutation; with one ten times what it took, and 20 more


class Mutation:
    def __init__(self, room, number, what):
        self.room, self.number, self.what = room, number, what
        self.file = self.function = self.reason = None
        self.tests, self.old, self.new = [], [], []
        self.word, self.note = None, ""

    def key(self):
        """of all that it was judged by"""
        sources = [self.file] + sorted(t.split()[0] for t in self.tests)
        h = hashlib.sha256(repr((self.what, self.function, self.tests, self.old, self.new, self.reason)).encode())
        for name in sources:
            for path in (name, f"tests/{name}", f"tests/{name}.c"):
                path = os.path.join(TOP, path)
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        h.update(f.read())
        return h.hexdigest()


def read(room):
    found = []
    path = os.path.join(HERE, room + ".txt")
    for n, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        kind, _, rest = line.partition(" ")
        if kind == "=":
            found.append(Mutation(room, len(found) + 1, rest))
        elif kind == "in":
            found[-1].file, found[-1].function = rest.split()
        elif kind == "tests":
            found[-1].tests = [t.strip() for t in rest.split(";")]
        elif kind == "equivalent":
            found[-1].reason = rest
        elif kind == "-":
            found[-1].old.append(rest)
        elif kind == "+":
            found[-1].new.append(rest)
        else:
            sys.exit(f"run.py: {path}, line {n}: '{line}' begins with none of = in tests equivalent - +")
    return found


def body(lines, function):
    """first and last line, from 0, of the function's definition; all lines for "-" """
    if function == "-":
        return 0, len(lines)
    name = re.escape(function) if function.endswith(")") else re.escape(function) + r"\("  # as in KERNEL(any_active) ARGS
    start = re.compile(r"^[A-Za-z_#].*\b" + name)
    for i, line in enumerate(lines):
        if not start.match(line):
            continue
        for j in range(i, min(i + 8, len(lines))):  # a declaration ends before there is a brace
            if lines[j].rstrip().endswith(";") and not lines[j].startswith(" "):
                break
            if lines[j].startswith("{") or lines[j].rstrip().endswith("}"):
                if lines[j].rstrip().endswith("}"):
                    return i, j + 1
                for k in range(j, len(lines)):
                    if lines[k].startswith("}"):
                        return i, k + 1
    return None


def mutated(text, m):
    """the file's text with m in it; raises ValueError with what is wrong"""
    lines = text.split("\n")
    span = body(lines, m.function)
    if not span:
        raise ValueError(f"{m.file} has no function {m.function}")
    if not m.old or m.old == m.new:
        raise ValueError("it says no old text, or the same again")
    first, last = span
    if len(m.old) == 1:  # a piece of a line does
        at = [i for i in range(first, last) if m.old[0].strip() in lines[i]]
        count = sum(lines[i].count(m.old[0].strip()) for i in at)
        if count != 1:
            raise ValueError(f"its old text is there {count} times in {m.function} of {m.file}")
        lines[at[0]:at[0] + 1] = lines[at[0]].replace(m.old[0].strip(), "\n".join(m.new).strip()).split("\n")
        return "\n".join(lines)
    want = [s.strip() for s in m.old]
    at = [i for i in range(first, last - len(want) + 1) if [s.strip() for s in lines[i:i + len(want)]] == want]
    if len(at) != 1:
        raise ValueError(f"its old text is there {len(at)} times in {m.function} of {m.file}")
    lines[at[0]:at[0] + len(want)] = m.new
    return "\n".join(lines)


def settled():
    """what make finds out anew at each call, as words for it"""
    said = subprocess.run(["make", "-pn", "all"], cwd=TOP, capture_output=True, text=True).stdout
    known = dict(re.findall(r"^(PACKAGES|LIBS) := (.*)$", said, re.M))
    return [f"{k}={v.strip()}" for k, v in known.items()]


class Copy:
    """a copy of the tree, with what was built, in which mutations are made one after another"""

    def __init__(self, folder, build):
        self.folder = folder
        names = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True).stdout.decode()
        for name in filter(None, names.split("\0")):
            if os.path.exists(os.path.join(TOP, name)):
                to = os.path.join(folder, name)
                os.makedirs(os.path.dirname(to), exist_ok=True)
                shutil.copy2(os.path.join(TOP, name), to)
        for piece in ("src", "env", "tests", "libdunlin.a", "dunlin", "revision.h"):
            source, to = os.path.join(build, piece), os.path.join(folder, "build", piece)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if os.path.isdir(source):
                shutil.copytree(source, to, dirs_exist_ok=True)
            elif os.path.exists(source):
                shutil.copy2(source, to)
        revision = os.path.join(folder, "build", "revision.h")
        word = open(revision).read().split('"')[1] if os.path.exists(revision) else "unknown"
        self.make_words = ["make", "-s", "ABSENT=", "REVISION=" + word] + settled()
        if shutil.which("ccache") and "CC_BACKEND" not in os.environ:
            self.make_words.append("CC_BACKEND=ccache gcc")
        for piece in ("venv", "atari"):
            there, to = os.path.join(build, piece), os.path.join(folder, "build", piece)
            if os.path.isdir(there) and not os.path.lexists(to):
                os.symlink(there, to)
        self.limit = {}

    def make(self, tests):
        targets = ["all"] if any(t.split()[0].endswith(".sh") for t in tests) else []
        targets += ["build/tests/" + t.split()[0] for t in tests if not t.split()[0].endswith(".sh")]
        return subprocess.run(self.make_words + (targets or ["build/libdunlin.a"]), cwd=self.folder, capture_output=True, text=True)

    def run(self, test):
        """whether it is green, and its output"""
        listed = os.path.join(self.folder, "build", "one-test")
        with open(listed, "w") as f:
            f.write(test + "\n")
        env = dict(os.environ, TEST_LANES="1", TEST_LIMIT=str(self.limit.get(test, LIMIT)))
        for word in ("TEST_ONLY", "MAKEFLAGS", "MAKELEVEL", "DUNLIN_BUILD"):
            env.pop(word, None)
        r = subprocess.run(["bash", "tests/run.sh", "build", listed], cwd=self.folder, capture_output=True, text=True,
                           errors="replace", env=env)
        return r.returncode == 0, r.stdout

    def objects(self, file):
        base = os.path.join(self.folder, "build", file[:-2])
        return [p for p in (base + s + ".o" for s in ("", ".v4", ".v3", ".base")) if os.path.exists(p)]

    def without(self, test):
        """makes sure, once in a run, that the test is green without any mutation"""
        if test in self.limit:
            return
        made = self.make([test])
        start = time.time()
        green, out = self.run(test) if made.returncode == 0 else (False, made.stderr)
        if not green:
            raise Red(f"red without a mutation: {test}\n{out}")
        self.limit[test] = int(20 + 10 * (time.time() - start))

    def with_it(self, m, text, test):
        """whether the test is red with the mutation; no test: only whether it compiles"""
        path = os.path.join(self.folder, m.file)
        kept = [(p, p + ".kept") for p in self.objects(m.file)] if m.file.endswith(".c") else []
        stat = os.stat(path)
        for p, k in kept:
            shutil.copy2(p, k)
        try:
            with open(path, "w", encoding="utf-8") as f:
                f.write(mutated(text, m))
            made = self.make([test] if test else [])
            if made.returncode != 0:
                raise ValueError("it does not compile: " + (made.stderr.strip().split("\n") or [""])[0])
            return bool(test) and not self.run(test)[0]
        finally:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            if kept:  # as if nothing had been, but newer than what is linked of the mutation, which is to be made anew
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            for p, k in kept:
                os.replace(k, p)
                os.utime(p)

    def judge(self, m):
        with open(os.path.join(self.folder, m.file), encoding="utf-8") as f:
            text = f.read()
        try:
            if m.reason:
                self.with_it(m, text, None)
                m.word, m.note = "equivalent", m.reason
                return
            for test in m.tests:
                self.without(test)
                if self.with_it(m, text, test):
                    m.word, m.note = "caught", test
                    return
            m.word, m.note = "survived", "; ".join(m.tests)
        except ValueError as e:
            m.word, m.note = "error", str(e)


class Red(Exception):
    pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", metavar="ROOM[:NUMBER]")
    parser.add_argument("--only", action="append", default=[], metavar="ROOM", help="the same as ROOM alone")
    parser.add_argument("--work", default=os.path.join(TOP, "build", "mutants"), help="folder of copies and judgements")
    parser.add_argument("--build", default=os.environ.get("DUNLIN_BUILD", os.path.join(TOP, "build")), help="what is built already")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="copies that work at a time")
    parser.add_argument("--minutes", type=float, default=0, help="begin none after so long, and take them in another order each time")
    parser.add_argument("--look", action="store_true", help="only look whether each can be made")
    parser.add_argument("--anew", action="store_true", help="judge again what is judged")
    args = parser.parse_args()
    todo = chosen(args.which + args.only)
    wrong = look(todo)
    if wrong or args.look:
        print(f"mutants: {len(todo)} mutations, {wrong} cannot be made")
        return wrong != 0
    book = os.path.join(args.work, "judged")
    os.makedirs(args.work, exist_ok=True)
    known = {}
    if os.path.exists(book) and not args.anew:
        with open(book, encoding="utf-8") as f:
            known = {k: (word, note) for k, word, note in map(json.loads, f)}
    for m in todo:
        m.word, m.note = known.get(m.key(), (None, ""))
    left = [m for m in todo if not m.word]
    if args.minutes:
        random.shuffle(left)
    judge_all(left, args, book)
    return table(todo)


def chosen(words):
    rooms = sorted(f[:-4] for f in os.listdir(HERE) if f.endswith(".txt"))
    todo = []
    for word in words or rooms:
        room, _, number = word.partition(":")
        if room not in rooms:
            sys.exit(f"run.py: no room {room}; there are {' '.join(rooms)}")
        todo += [m for m in read(room) if not number or m.number == int(number)]
    for m in todo:
        if not m.file or bool(m.tests) == bool(m.reason):
            sys.exit(f"run.py: {m.room}:{m.number}: it needs a line `in`, and one of `tests` and `equivalent`")
    return todo


def look(todo):
    """says of each that cannot be made why; returns how many they are"""
    wrong = 0
    for m in todo:
        try:
            with open(os.path.join(TOP, m.file), encoding="utf-8") as f:
                mutated(f.read(), m)
            for test in m.tests:
                name = test.split()[0]
                if not os.path.exists(os.path.join(TOP, "tests", name if name.endswith(".sh") else name + ".c")):
                    raise ValueError(f"there is no test {name}")
        except (OSError, ValueError) as e:
            wrong += 1
            print(f"{m.room}:{m.number}: {m.what}: {e}")
    return wrong


def judge_all(todo, args, book):
    """gives each its word, and notes it in book; ends where a test is red without any mutation, as it would catch them all"""
    if not todo:
        return
    copies = [Copy(os.path.join(args.work, str(i)), os.path.abspath(args.build)) for i in range(args.jobs)]
    lock = threading.Lock()
    end = time.time() + 60 * args.minutes if args.minutes else float("inf")
    items, red, limit = list(todo), [], {}

    def lane(copy):
        copy.limit = limit
        while True:
            with lock:
                if not items or red or time.time() > end:
                    return
                m = items.pop(0)
            start = time.time()
            try:
                copy.judge(m)
            except Red as e:
                red.append(str(e))
                return
            with lock:
                print(f"{m.word:10} {m.room}:{m.number:<3} {m.what}  [{m.note}] {time.time() - start:.0f} s", flush=True)
                if m.word != "error":
                    with open(book, "a", encoding="utf-8") as f:
                        f.write(json.dumps([m.key(), m.word, m.note]) + "\n")
    threads = [threading.Thread(target=lane, args=(c,)) for c in copies]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if red:
        sys.exit("mutants: " + "\n".join(red))
    for copy in copies:
        shutil.rmtree(copy.folder, ignore_errors=True)


def table(todo):
    words = ("caught", "survived", "equivalent", "error", None)  # None: not judged yet
    print("\n| room | mutations | caught | survived | equivalent | not judged yet |\n| --- | --- | --- | --- | --- | --- |")
    total = dict.fromkeys(words, 0)
    for room in dict.fromkeys(m.room for m in todo):
        here = dict.fromkeys(words, 0)
        for m in todo:
            if m.room == room:
                here[m.word] += 1
                total[m.word] += 1
        print(f"| {room} | {sum(here.values())} | {here['caught']} | {here['survived']} | {here['equivalent']} | {here[None]} |")
    print(f"| all | {len(todo)} | {total['caught']} | {total['survived']} | {total['equivalent']} | {total[None]} |\n")
    for m in todo:
        if m.word in ("survived", "error"):
            print(f"{m.word}: {m.room}:{m.number} {m.what} [{m.note}]")
    real = total["caught"] + total["survived"]
    bad = total["error"]
    print(f"mutants: {len(todo)} mutations, {total['caught']} of {real} that are not equivalent caught "
          f"({100.0 * total['caught'] / max(1, real):.1f} %), {total['equivalent']} equivalent, {bad} that cannot be made, "
          f"{total[None]} not judged yet")
    return bad != 0 or total[None] == len(todo) or total["caught"] < 0.95 * real


if __name__ == "__main__":
    sys.exit(main())

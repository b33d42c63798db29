#!/usr/bin/env python3
"""same_run.py A B -- are two runs the same bits? The newest checkpoint of each (every dataset: weights, target, optimiser, the
states of all ranks) and the tables /train, /episodes, /eval and /lag of run.h5, columns of the clock aside. Prints what
differs; status 0 the same, 1 not. With --params only the weights are compared."""
import glob
import sys

import h5py
import numpy

CLOCK = {"seconds", "frames_per_s", "updates_per_s"}


def bits(a):
    return a.shape, a.dtype.str, a.tobytes()


def datasets(path):
    found = {}
    with h5py.File(path, "r") as f:
        f.visititems(lambda name, x: found.__setitem__(name, x[()]) if isinstance(x, h5py.Dataset) else None)
    return found


def tables(path):
    found = {}
    with h5py.File(path, "r", libver="latest", swmr=True) as f:
        for name in ("train", "episodes", "eval", "lag"):
            rows = f[name][()]
            for field in rows.dtype.names:
                if field not in CLOCK:
                    found[f"/{name}.{field}"] = numpy.ascontiguousarray(rows[field])
    return found


def newest(run):
    return sorted(glob.glob(run + "/checkpoint-0*.h5"))[-1]


def main():
    only_params = "--params" in sys.argv
    one, two = [a for a in sys.argv[1:] if a != "--params"]
    a, b = newest(one), newest(two)
    different = []
    if a.rsplit("/", 1)[1] != b.rsplit("/", 1)[1]:
        different.append(f"checkpoints {a} and {b}")
    left, right = datasets(a), datasets(b)
    if only_params:
        left = {k: v for k, v in left.items() if k.startswith("params/")}
        right = {k: v for k, v in right.items() if k.startswith("params/")}
    else:
        left.update(tables(one + "/run.h5"))
        right.update(tables(two + "/run.h5"))
    left = {k: v for k, v in left.items() if not k.startswith("config")}
    right = {k: v for k, v in right.items() if not k.startswith("config")}
    if not any(k.startswith("params/") for k in left):
        different.append("no weights were found")
    for name in sorted(set(left) | set(right)):
        if name not in left or name not in right:
            different.append(f"{name}: in one alone")
        elif bits(numpy.asarray(left[name])) != bits(numpy.asarray(right[name])):
            different.append(f"{name}: {numpy.shape(left[name])} and {numpy.shape(right[name])}")
    print("\n".join(different[:20]))
    return bool(different)


sys.exit(main())

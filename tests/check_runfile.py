"""check_runfile.py MODE DIR -- what h5py sees of a run, from a process of its own: live, killed or finished. Called by test_h5py.sh.

Plain h5py and numpy, opened as the README says; the expected values are those that `test_store write DIR` writes."""
import sys
import time

import h5py
import numpy as np

mode, folder = sys.argv[1:]
run = folder + "/run.h5"


def rows(f):
    """Every row of every table is what was written; returns how many training rows there are."""
    train, episodes, events = f["train"][:], f["episodes"][:], f["events"][:]
    n = min(len(train), len(episodes) // 3, len(events))  # a flush may be under way between two of them
    i = np.arange(n)
    assert n > 20
    assert (train["frames"][:n] == 10 * i).all() and (train["seconds"][:n] == i + 1).all()
    assert (train["lr"][:n] == 0.5 / (i + 1)).all() and np.isnan(train["entropy"][:n]).all()
    e = episodes[: 3 * n]
    assert (e["return"] == -1.5 * np.repeat(i, 3)).all() and (e["length"] == 7).all()
    assert events["text"][n - 1] == b'event %d, "quoted"' % (n - 1)
    return n


def opens_plainly():
    try:
        h5py.File(run, "r").close()
        return True
    except OSError:
        return False


if mode == "finished":
    f = h5py.File(run, "r")
else:
    assert not opens_plainly()
    f = h5py.File(run, "r", libver="latest", swmr=True)
n = rows(f)
assert f["config"].attrs["lr"] == b"0.25"
options = {r["key"]: r for r in f["config/options"][:]}
assert options[b"lr"]["value"] == b"0.25" and options[b"lr"]["origin"] == b"command"
assert f["provenance"].attrs["hdf5"].startswith(b"1.") and len(f["provenance"].attrs["build_id"]) == 64
assert f["lag"].shape == (1024,) and f["lag"]["lag"][1023] == 1023 and f["actors"].shape == (3,)
assert f["train"].dtype.names[:4] == ("seconds", "frames", "steps", "updates")
if mode == "live":  # rows go on coming in
    for _ in range(500):
        time.sleep(0.02)
        for t in ("train", "episodes", "events"):
            f[t].refresh()
        if rows(f) > n + 5:
            break
    else:
        sys.exit("no new rows within 10 s")

with h5py.File(folder + "/checkpoint-000000000077.h5", "r") as c:
    assert c.userblock_size == 512 and c["counters"].attrs["frames"] == 77
    w = c["params/conv0/weight"][:]
    assert w.shape == (16, 4, 8, 8) and w.dtype == np.float32 and (w.ravel() == np.arange(w.size)).all()
    assert c["params/pi/weight"].shape[0] == 6 and "target" not in c

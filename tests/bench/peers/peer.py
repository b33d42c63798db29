"""peer.py -- what the measured programs share: their words, the network, the clock. Frames are emulated ones, 4 a step."""
import argparse
import time

import torch
from torch import nn

REPEAT = 4


def words(imports):
    """The command line; with --check only tells the versions of what was imported, and ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--game", default="pong")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--warm", type=float, default=5, help="seconds before the measured ones")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.check:
        print(" ".join(f"{m.__name__} {getattr(m, '__version__', '?')}" for m in (torch, *imports)))
        raise SystemExit(0)
    return args


def small_torso():
    """conv 16 8x8/4, conv 32 4x4/2, dense 256: (B, 4, 84, 84) floats in [0, 1] -> (B, 256)."""
    return nn.Sequential(nn.Conv2d(4, 16, 8, 4), nn.ReLU(), nn.Conv2d(16, 32, 4, 2), nn.ReLU(), nn.Flatten(),
                         nn.Linear(2592, 256), nn.ReLU())


class Meter:
    """Counts agent steps; the rate is that of `seconds`, which begin `warm` seconds after the first steps."""

    def __init__(self, warm, seconds):
        self.warm, self.seconds = warm, seconds
        self.begin = self.start = None
        self.steps = self.first = 0

    def count(self, steps):
        """Adds steps; true once the time is over."""
        self.now = time.perf_counter()
        self.steps += steps
        if self.begin is None:
            self.begin = self.now + self.warm
        elif self.start is None:
            if self.now >= self.begin:
                self.start, self.first = self.now, self.steps
        else:
            return self.now >= self.start + self.seconds
        return False

    def report(self, frames=REPEAT):
        """frames: emulated ones of an agent's step."""
        print(f"frames_per_s {frames * (self.steps - self.first) / (self.now - self.start):.1f}", flush=True)

"""atari_twin.py TEST_ATARI -- our Atari preprocessing against a second implementation, on the same raw screens.

TEST_ATARI --record plays a game by random steps and writes every reset and every frame that passed between env/atari.c and
the emulator (action, reward, game over, lives, grey screen), and what env/atari.c made of them. Here Gymnasium's
AtariPreprocessing gets those screens, lives and rewards from an environment that replays them, and must come to the same
planes, rewards and ends.

Tolerance of the planes: one grey level. Ours is the exact area average, rounded; OpenCV's INTER_AREA adds rounded float32
products. The two can fall on different sides of a half, which happens at few pixels, so that their share is bounded too.
Rewards, ends and the number of frames of every step must agree exactly.

A step that an end or a lost life cuts short makes Gymnasium show the plane of the step before (it takes screens only after
the third and fourth frame of a whole repeat). Ours shows the maximum of the last two frames played, as in every other step;
those planes are compared with numpy's maximum and OpenCV's resize instead.

Game and Eyes of run/python/dunlin.py play an evaluation from such a recording, too; there every bit is compared.
"""
import os
import struct
import subprocess
import sys

import cv2
import gymnasium
import numpy as np
from gymnasium.wrappers import AtariPreprocessing

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run", "python"))
import dunlin

STEPS = 1200
DUNLIN_STEPS = 400
OFF_MOST = 0.01  # share of pixels that may be one level off


class Recording:
    """The records of one game, read as they are written."""

    def __init__(self, program, game, mode, steps=STEPS):
        self.process = subprocess.Popen([program, "--record", game, str(steps), mode], stdout=subprocess.PIPE)
        head = struct.unpack("<20i", self.read(80))
        self.height, self.actions = head[0], head[2 : 2 + head[1]]
        self.kind = self.read(1)

    def read(self, n):
        data = self.process.stdout.read(n)
        if len(data) != n:
            raise EOFError(f"the recording ended early, status {self.process.wait()}")
        return data

    def frame(self, kind):
        """The next record, which must be of this kind: action, reward, over, lives, screen."""
        assert self.kind == kind, f"a record {kind} was due, found {self.kind}"
        values = struct.unpack("<4i", self.read(16))
        screen = np.frombuffer(self.read(self.height * 160), np.uint8).reshape(self.height, 160)
        self.kind = self.process.stdout.read(1)
        return (*values, screen)

    def answer(self):
        """What env/atari.c answered: action, terminated, truncated, life_lost, reward, plane."""
        assert self.kind == b"O", f"ours ended the step here, the twin goes on: found {self.kind}"
        values = struct.unpack("<4id", self.read(24))
        plane = np.frombuffer(self.read(84 * 84), np.uint8).reshape(84, 84)
        self.kind = self.process.stdout.read(1)
        return (*values, plane)


class Replay(gymnasium.Env):
    """An emulator's stand-in for the wrapper: it gives back what was recorded, whatever the action."""

    _frameskip = 1

    def __init__(self, recording):
        self.recording = recording
        self.action_space = gymnasium.spaces.Discrete(len(recording.actions))
        self.observation_space = gymnasium.spaces.Box(0, 255, (recording.height, 160), np.uint8)
        self.ale, self.pending, self.played, self.numbers = self, [], [], []

    def get_action_meanings(self):
        return ["NOOP"] * len(self.recording.actions)

    @property
    def np_random(self):
        return self

    def integers(self, *bounds):
        """How many no-ops ours drew: those recorded before the answer. Ours may be none, Gymnasium's are at least one."""
        while self.recording.kind in (b"A", b"R"):
            self.pending.append((self.recording.kind, *self.recording.frame(self.recording.kind)))
        no_ops = sum(p[0] == b"A" for p in self.pending)
        assert no_ops < bounds[-1]
        return no_ops

    def next(self, kind):
        if self.pending:
            record = self.pending.pop(0)
            assert record[0] == kind
            record = record[1:]
        else:
            record = self.recording.frame(kind)
        self.left, self.screen = record[3], record[4]
        self.played.append(self.screen)
        return record

    def reset(self, *, seed=None, options=None):
        self.next(b"R")
        return self.screen, {}

    def step(self, action):
        played, reward, over, _, _ = self.next(b"A")
        self.numbers.append(played)
        return self.screen, float(reward), bool(over), False, {}

    def lives(self):
        return self.left

    def getScreenGrayscale(self, buffer):
        buffer[...] = self.screen


def compare(program, game, mode):
    recording = Recording(program, game, mode)
    replay = Replay(recording)
    twin = AtariPreprocessing(replay, noop_max=30, frame_skip=4, terminal_on_life_loss=mode == "training")
    count = dict(steps=0, games=0, cut=0, life=0, reward=0.0, apart=0, pixels=0)

    def planes(ours, theirs):
        apart = np.abs(ours.astype(int) - theirs.astype(int))
        assert apart.max() <= 1, f"step {count['steps']}: planes are {apart.max()} levels apart"
        count["apart"] += int((apart > 0).sum())
        count["pixels"] += apart.size

    over = True
    for _ in range(STEPS + 1):
        if over:
            theirs, _ = twin.reset()
            _, over, _, _, _, ours = recording.answer()
            count["games"] += 1
            planes(ours, theirs)
            continue
        del replay.played[:-1]
        replay.numbers.clear()
        theirs, reward, end, _, _ = twin.step(0)
        action, over, cut_by_time, life, raw, ours = recording.answer()
        assert set(replay.numbers) == {recording.actions[action]}, "another action was played than asked for"
        assert not cut_by_time
        assert raw == reward, f"step {count['steps']}: reward {raw}, the twin's {reward}"
        assert bool(over or life) == end, f"step {count['steps']}: end {over} {life}, the twin's {end}"
        if end:
            last_two = np.maximum(replay.played[-2], replay.played[-1])
            theirs = cv2.resize(last_two, (84, 84), interpolation=cv2.INTER_AREA)
            count["cut"] += 1
        planes(ours, theirs)
        count["steps"] += 1
        count["life"] += life
        count["reward"] += abs(raw)
    assert recording.process.wait() == 0 and recording.kind == b""
    assert count["steps"] >= 1000 and count["reward"] > 0
    assert count["apart"] <= OFF_MOST * count["pixels"], f"{count['apart']} of {count['pixels']} pixels are apart"
    if mode == "training" and game != "pong":
        assert count["life"] > 0
    return count


def compare_dunlin(program, game):
    """What dunlin.py sees, bit for bit; it cuts no step short, which of a game that is over nobody sees."""
    recording = Recording(program, game, "evaluation", DUNLIN_STEPS)
    replay = Replay(recording)
    agent = dunlin.Agent({}, env="atari:" + game, input=(4, 84, 84), stack=4)
    played, eyes = dunlin.Game(agent, replay), dunlin.Eyes(agent)
    played.rng, over, planes, games = replay, True, [], 0
    for step in range(DUNLIN_STEPS + 1):
        first = over
        replay.numbers.clear()
        obs, reward, over = (played.reset(), 0.0, False) if first else played.step(0)
        seen = eyes.see(obs, played.space, first)
        action, terminated, _, _, raw, ours = recording.answer()
        planes = [ours] * 4 if first else planes[1:] + [ours]
        games += first
        assert first or set(replay.numbers) == {recording.actions[action]}, f"step {step}: another action was played"
        assert (raw, bool(terminated)) == (reward, over), f"step {step}: {raw} {terminated}, and {reward} {over}"
        wanted = np.array(planes).astype(np.float32) / np.float32(255)
        assert over or np.array_equal(seen[0], wanted), f"step {step}: the planes differ"
    assert recording.process.wait() == 0 and recording.kind == b""
    return games


def main():
    program, failed, n = sys.argv[1], 0, 0
    for game in ("pong", "breakout", "seaquest"):
        for mode in ("training", "evaluation"):
            n += 1
            name = f"{game}, {mode}: same planes, rewards and ends as Gymnasium's AtariPreprocessing"
            try:
                c = compare(program, game, mode)
            except (AssertionError, EOFError) as e:
                failed = 1
                print(f"not ok {n} - {name}\n#   {e}")
                continue
            print(f"ok {n} - {name}")
            print(f"#   {c['steps']} steps, {c['games']} games, {c['life']} lost lives, {c['cut']} steps ended early or last,"
                  f" {c['apart']} of {c['pixels']} pixels one level apart")
    for game in ("pong", "breakout", "seaquest"):
        n += 1
        name = f"{game}: run/python/dunlin.py sees the same planes, rewards and ends, bit for bit"
        try:
            games = compare_dunlin(program, game)
        except (AssertionError, EOFError) as e:
            failed = 1
            print(f"not ok {n} - {name}\n#   {e}")
            continue
        print(f"ok {n} - {name}\n#   {DUNLIN_STEPS} steps, {games} games")
    return failed


if __name__ == "__main__":
    sys.exit(main())

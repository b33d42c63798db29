"""gym_env.py -- environments for test_gym.sh: one whose step goes wrong, one that draws pictures, one of many spaces."""

import os
import signal
import sys
import time

import numpy as np
from gymnasium import spaces


class Faulty:
    """Ten steps an episode, action 6 is right. At step `at` of each process one of the things in `what`, with + between,
    happens: each of them once, where not `always`. A step takes `slow` s, `busy` s of the processor, and keeps `leak` bytes,
    a reset takes `late` s, to come into being `born` s; the seeds of episodes that were played go to the file `seeds`."""

    def __init__(self, what="", at=60, always=False, slow=0, leak=0, seeds="", late=0, busy=0, born=0):
        time.sleep(born)
        self.busy = busy
        self.slow, self.leak, self.kept, self.seeds, self.late = slow, leak, [], seeds, late
        self.what, self.at, self.always, self.n, self.t = what.split("+"), at, always, 0, 0
        self.observation_space = spaces.Box(-1, 1, (3,), np.float32)
        self.action_space = spaces.Discrete(2, start=5)

    def next(self):
        for what in self.what if self.n >= self.at else ():
            if what and (self.always or not os.path.exists("once-" + what)):
                open("once-" + what, "w").close()
                return what
        return ""

    def reset(self, seed=None, options=None):
        time.sleep(self.late)
        self.t, self.seed = 0, seed
        return np.zeros(3, np.float32), {}

    def step(self, action):
        assert action in (5, 6)
        time.sleep(self.slow)
        until = time.process_time() + self.busy
        while time.process_time() < until:
            pass
        if self.seeds and self.t == 0:
            with open(self.seeds, "a") as file:
                print(self.seed, file=file)
        assert not [k for k in os.environ if k.startswith(("OMPI_", "PMIX_", "SLURM_"))]
        assert os.environ["OMP_NUM_THREADS"] == "1"
        self.n, self.t = self.n + 1, self.t + 1
        self.kept.append(b"x" * self.leak)
        obs = np.full(3, self.t / 10, np.float32)
        what = self.next()
        if what == "exception":
            raise ValueError("the wheel came off")
        if what == "segfault":
            import ctypes

            ctypes.string_at(0)
        if what == "exit":
            print("leaving now", file=sys.stderr)
            sys.exit(3)
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "hang":
            time.sleep(1000)
        if what == "shape":
            obs = np.zeros(4, np.float32)
        if what == "four":
            return obs, 1.0, False, {}
        return obs, float(action == 6), self.t >= 10, False, {}


class Pictures:
    """A bright square at the left or the right of 40 x 60 pixels in colour: the action says where, or what is said of it
    is in a Dict with it."""

    def __init__(self, render_mode=None):
        self.metadata = {"render_modes": ["rgb_array"]}
        self.render_mode = render_mode
        self.observation_space = spaces.Dict(
            {"screen": spaces.Box(0, 255, (40, 60, 3), np.uint8), "lives": spaces.Discrete(3)}
        )
        self.action_space = spaces.Discrete(2)

    def see(self):
        self.picture = np.zeros((40, 60, 3), np.uint8)
        self.side = int(self.random.integers(2))
        self.picture[10:30, 30 * self.side + 5 : 30 * self.side + 25] = (250, 200, 100)
        return {"screen": self.picture, "lives": 1}

    def reset(self, seed=None, options=None):
        self.random = np.random.default_rng(seed)
        self.t = 0
        return self.see(), {}

    def step(self, action):
        reward = 1.0 if action == self.side else 0.0
        self.t += 1
        return self.see(), reward, self.t >= 20, False, {}

    def render(self):
        return self.picture


class Stacked:
    """Two or four grey frames of 40 x 60, of which the newest alone is lit."""

    def __init__(self, frames=4):
        shape = (frames, 40, 60) if frames > 2 else (40, 60, frames)
        self.observation_space, self.action_space = spaces.Box(0, 255, shape, np.uint8), spaces.Discrete(2)
        self.seen = np.zeros(shape, np.uint8)
        self.newest = self.seen[-1] if frames > 2 else self.seen[..., -1]

    def reset(self, seed=None, options=None):
        self.t = 0
        self.newest[...] = 50
        return self.seen, {}

    def step(self, action):
        self.t += 1
        self.newest[...] = 50 + 20 * self.t
        return self.seen, 1.0, self.t >= 10, False, {}


class Noted:
    """Coloured blocks on 40 x 50 pixels, beside another part, other actions. The file GYM_NOTES, if the environment names
    one, gets a line for each episode: its seed, what was played, its return."""

    def __init__(self, n=6):
        self.observation_space = spaces.Dict(
            {"lives": spaces.Discrete(3), "screen": spaces.Box(0, 255, (40, 50, 3), np.uint8)}
        )
        self.action_space = spaces.Discrete(n, start=2)

    def see(self):
        self.picture = np.kron(self.random.integers(2, size=(4, 5, 3)), np.full((10, 10, 1), 255)).astype(np.uint8)
        return {"lives": 1, "screen": self.picture}

    def reset(self, seed=None, options=None):
        self.random, self.seed, self.played, self.total = np.random.default_rng(seed), seed, [], 0.0
        return self.see(), {}

    def step(self, action):
        self.played.append(int(action))
        reward = float(self.picture[:8, :30:10].sum() // 255 % 7)
        self.total += reward
        over = len(self.played) >= 21
        if over and os.environ.get("GYM_NOTES"):
            with open(os.environ["GYM_NOTES"], "a") as file:
                print(self.seed, *self.played, self.total, file=file)
        return self.see(), reward, over, False, {}


class Many:
    """Several parts seen, several actions at once."""

    def __init__(self, observation="", action=""):
        self.observation_space = spaces.Dict(
            {
                "grid": spaces.Box(0, 9, (3, 3, 2), np.uint8),
                "kind": spaces.Discrete(4, start=1),
                "said": spaces.Text(5),
                "two": spaces.Tuple((spaces.MultiBinary(2), spaces.Box(0, 1, (), np.float64))),
            }
        )
        if observation == "small":
            self.observation_space = spaces.Box(0, 255, (5, 5, 3), np.uint8)
        if observation == "graph":
            self.observation_space = spaces.Graph(spaces.Discrete(2), None)
        self.action_space = spaces.MultiDiscrete([3, 2])
        if action == "text":
            self.action_space = spaces.Text(3)
        if action == "unbounded":
            self.action_space = spaces.Box(-np.inf, np.inf, (2,))

    def reset(self, seed=None):
        self.observation_space.seed(seed)
        self.t = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        assert action.shape == (2,) and 0 <= action[0] < 3 and 0 <= action[1] < 2
        self.t += 1
        return self.observation_space.sample(), float(action[0] == 2) + float(action[1]), False, self.t >= 10, {}


class Wrong:
    """No `step`."""

    observation_space = action_space = spaces.Discrete(2)

    def reset(self):
        return 0, {}


class Plain:
    """Five steps an episode, nothing to draw, no word for how. `what`: "mode", it refuses another mode than its own;
    "base", it has Gymnasium's `render`, which nobody has written; "unseeded", its `reset` takes no seed."""

    def __init__(self, what="", **words):
        self.what, self.render_mode = what, words.pop("render_mode", None) if what == "mode" else None
        if words:
            raise TypeError(f"unexpected {', '.join(words)}")
        assert self.render_mode in (None, "human")
        self.observation_space, self.action_space = spaces.Box(-1, 1, (2,), np.float32), spaces.Discrete(2)
        if what == "base":
            self.render = self.not_written

    def not_written(self):
        raise NotImplementedError

    def reset(self, **words):
        if self.what == "unseeded" and words:
            raise TypeError("reset() got an unexpected keyword argument 'seed'")
        self.t = 0
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.t += 1
        return np.full(2, self.t / 5, np.float32), float(action), self.t >= 5, False, {}


def passed_on(pictures=False, **words):
    return Pictures(**words) if pictures else Plain(**words)

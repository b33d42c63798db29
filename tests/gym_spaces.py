"""gym_spaces.py SOURCE -- how spaces become numbers: env/bridge_*.py looked at from within. Run by test_gym.sh."""

import collections
import sys

import numpy as np
from gymnasium import spaces

folder = sys.argv[1] + "/env/"
text = "".join(open(folder + f"bridge_{part}.py").read() for part in ("make", "spaces", "serve"))
bridge = {"np": np, "__name__": "bridge"}
exec(compile(text.removesuffix("main()\n"), "bridge", "exec"), bridge)
Numbers, Actions, Refused = bridge["Numbers"], bridge["Actions"], bridge["Refused"]
failed = 0


def check(name, found, wanted):
    global failed
    if not np.array_equal(np.asarray(found), np.asarray(wanted)):
        failed = 1
        print(f"{name}: {found}, not {wanted}")


def numbers(space, value):
    n = Numbers(space, "it", [])
    row = np.full(n.size, np.nan, np.float32)
    n.put(value, row)
    return row.tolist()


def refused(name, word, make):
    try:
        make()
    except Refused as line:
        check(name, word in str(line), True)
    else:
        check(name, "taken", "refused")


check("box", numbers(spaces.Box(-2, 2, (2, 2)), np.float32([[1, 2], [-1, 0]])), [1, 2, -1, 0])
check("float64", numbers(spaces.Box(-2, 2, (1,), np.float64), np.float64([0.5])), [0.5])
check("a lone number", numbers(spaces.Box(0, 1, ()), 0.5), [0.5])
check("discrete from 3", numbers(spaces.Discrete(3, start=3), 4), [0, 1, 0])
check("multi-discrete", numbers(spaces.MultiDiscrete([2, 3]), np.array([1, 2])), [0, 1, 0, 0, 1])
check("multi-binary", numbers(spaces.MultiBinary((2, 2)), np.int8([[1, 0], [0, 1]])), [1, 0, 0, 1])
together = spaces.Dict(a=spaces.Discrete(2), b=spaces.Tuple((spaces.Box(0, 1, (1,)), spaces.Text(4))))
check("dict of tuple", numbers(together, {"a": 1, "b": (np.float32([0.25]), "word")}), [0, 1, 0.25])
notes = []
Numbers(together, "it", notes)
check("text is told of", len(notes) == 1 and "text" in notes[0], True)
wide = Numbers(spaces.Box(np.float32([-100, -0.5, -3, -np.inf]), np.float32([300, 0.5, 3, np.inf])), "it", [])
check("centre", wide.centre, [100, 0, 0, 0])
check("scale", wide.scale, [1 / 200, 2, 1, 1])
refused("another shape", "shape", lambda: numbers(spaces.Box(0, 1, (2,)), np.zeros(3)))
refused("words for numbers", "dtype", lambda: numbers(spaces.Box(0, 1, (2,)), np.array(["a", "b"])))
refused("not in its space", "not in its space", lambda: numbers(spaces.Discrete(3), 3))
refused("a part that is missing", "no part 'a'", lambda: numbers(together, {"b": (np.zeros(1), "")}))
refused("a graph", "Graph", lambda: Numbers(spaces.Graph(spaces.Discrete(2), None), "it", []))

pictures = bridge["picture_of"]
check("picture", pictures(spaces.Box(0, 255, (40, 60, 3), np.uint8)), (40, 60, 3, False))
check("planes first", pictures(spaces.Box(0, 255, (3, 40, 60), np.uint8)), (40, 60, 3, True))
check("grey", pictures(spaces.Box(0, 255, (40, 60), np.uint8)), (40, 60, 1, False))
check("too many planes", pictures(spaces.Box(0, 255, (40, 60, 5), np.uint8)) is None, True)
check("pixels as numbers", Numbers(spaces.Box(0, 255, (9, 40, 60), np.uint8), "it", []).scale[0], 1 / 255)
check("things as numbers", Numbers(spaces.Box(0, 255, (7, 7, 3), np.uint8), "it", []).scale[0], 0.1)
for most, centre, scale in ((1, 0.5, 2), (8, 0, 1), (200, 100, 0.01)):
    plane = Numbers(spaces.Box(0, most, (5, 5), np.uint8), "it", [])
    check(f"bytes up to {most}: by their bounds", (plane.centre[0], plane.scale[0]), (centre, scale))
deep = spaces.Dict(n=spaces.Discrete(2), o=spaces.Tuple((spaces.Dict(rgb=spaces.Box(0, 255, (40, 60), np.uint8)),)))
notes = []
keys, name = bridge["choose_part"](deep, None, notes)[1:]
check("a picture in a Tuple in a Dict", f"{keys} {name}", "['o', 0, 'rgb'] its observation['o'][0]['rgb']")
check("what it leaves out", "left out: n (Discrete)" in notes[0], True)
check("too small", pictures(spaces.Box(0, 255, (7, 7, 3), np.uint8)) is None, True)
check("floats", pictures(spaces.Box(0, 1, (40, 60, 3), np.float32)) is None, True)

start = Actions(spaces.Discrete(2, start=5))
check("discrete action", (start.count, start.taken(1)), (2, 6))
box = Actions(spaces.Box(np.float32([-1, 0]), np.float32([1, 2])))
check("bounds", box.low + box.high, [-1, 0, 1, 2])
check("box action", box.taken(np.float32([0.5, 1])), np.float32([0.5, 1]))
many = Actions(spaces.MultiDiscrete([[3, 2]], start=[[1, 0]]))
check("components", many.parts, [3, 2])
check("component action", many.taken(np.int64([2, 1])), [[3, 1]])
check("multi-binary action", Actions(spaces.MultiBinary(3)).parts, [2, 2, 2])
refused("bounds without end", "finite", lambda: Actions(spaces.Box(-np.inf, np.inf, (2,))))
refused("half a bound", "finite", lambda: Actions(spaces.Box(np.float32([-1, 0]), np.float32([1, np.inf]))))
refused("bounds beyond float", "finite", lambda: Actions(spaces.Box(-1e300, 1e300, (1,), np.float64)))
refused("too many to choose from", "too large", lambda: Actions(spaces.Discrete(10**10)))
near = spaces.Box(0.1, 0.3, (1,), np.float64)
near_actions = Actions(near)
ends = [near_actions.taken(np.float32(b)) for b in (near_actions.low, near_actions.high)]
check("bounds that float32 does not have lie within", [near.contains(e) for e in ends], [True, True])
whole = Actions(spaces.Box(-5, 5, (3,), np.int32))
check("whole actions are the nearest", whole.taken(np.float32([-0.7, 0.4, 4.6])), [-1, 0, 5])
refused("text for actions", "Text", lambda: Actions(spaces.Text(2)))



class Blinking:
    """In frame n pixel n alone is lit."""

    def __init__(self, last):
        self.n, self.last = 0, last

    def step(self, action):
        self.n += 1
        frame = np.zeros((32, 32), np.uint8)
        frame[0, self.n] = 100 + self.n
        return frame, 1.0, self.n == self.last, False, {}


def skipped(skip, last):
    """What `step` leaves of an action that is played `skip` times: the first pixels, the reward, the flags."""
    b = bridge["Bridge"].__new__(bridge["Bridge"])
    b.skip, b.picture, b.shape, b.name, b.keys = skip, (32, 32, 1, False), (32, 32), "it", []
    b.obs, b.actions = np.full((1, 32, 32), 7, np.uint8), Actions(spaces.Discrete(2))
    b.rows, b.rewards, b.flags, b.envs = [0], [0], [0], [Blinking(last)]
    b.puts = [b.put_of(0)]
    b.steps = [b.step_of(0)]
    b.do_step(0)
    return b.obs[0, 0, :5].tolist(), b.rewards[0], b.flags[0]


check("played once: what it shows", str(skipped(1, 9)), str(([0, 101, 0, 0, 0], 1.0, 0)))
check("played twice: the brighter of both", str(skipped(2, 9)), str(([0, 101, 102, 0, 0], 2.0, 0)))
check("four times: of the last two", str(skipped(4, 9)), str(([0, 0, 0, 103, 104], 4.0, 0)))
check("an end between: of the last two that were", str(skipped(4, 2)), str(([0, 101, 102, 0, 0], 2.0, 1)))
check("an end at once", str(skipped(4, 1)), str(([0, 101, 0, 0, 0], 1.0, 1)))



class Says:
    """Answers `out`, over and over."""

    def __init__(self, out):
        self.out = out

    def step(self, action):
        return self.out


def played(out, skip=1):
    b = bridge["Bridge"].__new__(bridge["Bridge"])
    b.numbers, b.picture, b.keys, b.skip = Numbers(spaces.Box(-1, 1, (2,)), "it", []), None, [], skip
    b.obs, b.actions = np.zeros((1, 2), np.float32), Actions(spaces.Discrete(2))
    b.rows, b.envs, b.flags = [0], [Says(out)], [0]
    b.rewards = memoryview(bytearray(8)).cast("d")
    b.puts = [b.put_of(0)]
    b.step_of(0)()
    return b.rewards[0], b.flags[0]


o, T = np.zeros(2, np.float32), collections.namedtuple("T", "obs reward terminated truncated info")
for skip in (1, 3):
    for reward in (1, True, np.float32(1), np.array(1.0), np.array([1.0])):
        check(f"reward {reward!r}", played((o, reward, False, False, {}), skip)[0], skip)
    for reward in (None, "one", 1j, [1, 2], [[1], [2, 3]], 10**400, {}):
        refused(f"reward {reward!r}", "a number is needed", lambda: played((o, reward, False, False, {}), skip))
    for yes in (True, 1, np.True_, np.array([True])):
        check(f"terminated {yes!r}", played((o, 1, yes, False, {}), skip), (1, 1))
        check(f"truncated {yes!r}", played((o, 1, False, yes, {}), skip), (1, 2))
    for end in (None, "no", {}, np.array([True, False])):
        refused(f"terminated {end!r}", "`terminated`; True or False", lambda: played((o, 1, end, False, {}), skip))
        refused(f"truncated {end!r}", "`truncated`; True or False", lambda: played((o, 1, False, end, {}), skip))
    for out in ((o, 1, False, {}), (o, 1, False, False, {}, 0), None, [o, 1, False, False, {}]):
        refused("other answers", "five are needed", lambda: played(out, skip))
    check("a named tuple", played(T(o, 1, True, False, {}), skip), (1, 1))
refused("an observation that is no array", "no array", lambda: played(([0.0, [1]], 1, False, False, {})))

line = bridge["line_of"]
check("an error that cannot say itself", line(type("X", (Exception,), {"__str__": lambda self: 1 / 0})()), "X")
split = bridge["split_id"]
words = split('A-v1?a=True&b=False&c=None&d="True"')[1]
check("words of Python", str(words), str({"a": True, "b": False, "c": None, "d": "True"}))
check("words", str(split("A-v1?a=1&b=true&c=x&obs=image")), str(("A-v1", {"a": 1, "b": True, "c": "x"}, "image")))
refused("a bare word", "key=value", lambda: split("A-v1?a"))
sys.exit(failed)

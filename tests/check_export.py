"""check_export.py WHAT DIR -- what `dunlin export` wrote, against Dunlin's own answers, in the files of `test_export
write DIR` and of exports beside them: NAME.h5, NAME.bin, NAME.safetensors, NAME.onnx, NAME.raw.onnx, NAME.weights.h5;
DIR/list has a line "NAME inputs outputs states" for each. WHAT is one of the functions at the end."""

import os
import struct
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run", "python"))
import dunlin

WHAT, DIR = sys.argv[1:3]
ROWS, NEAR = 6, 1e-6


def cases():
    for line in open(os.path.join(DIR, "list")):
        name, *sizes = line.split()
        n, out, states = map(int, sizes)
        data = np.fromfile(os.path.join(DIR, name + ".bin"), "<f4")
        parts = np.split(data, np.cumsum([ROWS * n, ROWS * n, ROWS * out]))
        agent = dunlin.load(os.path.join(DIR, name + ".h5"))
        raw, x = (p.reshape(ROWS, *agent.input) for p in parts[:2])
        yield name, agent, raw, x, parts[2].reshape(ROWS, out), parts[3].reshape(ROWS, states)


def path(name, end):
    return os.path.join(DIR, name + end)


def answers(policy, agent, x):
    """What a policy says of the rows, each with the state that the one before left: out and states as Dunlin lists them."""
    state = tuple(np.zeros((1, agent.cells), np.float32) for _ in range((4 if agent.critic else 2) if agent.cells else 0))
    outs, states = [], []
    for row in x:
        out, state = policy(row[None], state)
        heads = [np.ravel(out[h]) for h in ("q", "pi", "log_sigma", "v") if h in out]
        outs.append(np.concatenate(heads))
        states.append(np.concatenate([np.ravel(s) for s in state]) if state else np.zeros(0))
    return np.array(outs), np.array(states)


def compare(name, policy, agent, x, out, states):
    mine, left = answers(policy, agent, x)
    worst = max(np.abs(mine - out).max(), np.abs(left - states).max() if states.size else 0)
    print(f"{name}: {worst:.2g} of {np.abs(out).max():.2g}")
    near = 5 * NEAR if agent.facts["norm"] == "layer" else NEAR  # rounding is divided by a deviation that may be small
    assert worst <= near, f"{name} differs by {worst}"


def same(a, b, name):
    assert list(a) == list(b), f"{name}: {list(a)} and {list(b)}"
    for key in a:
        assert a[key].tobytes() == b[key].tobytes(), f"{name}: {key} differs"


def safetensors():
    """The package reads what Dunlin wrote, and Dunlin's own file says of it what the checkpoint does; and dunlin.py what the
    package writes, by the alphabet."""
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    for name, agent, *_ in cases():
        file = path(name, ".safetensors")
        theirs = load_file(file)
        mine = dunlin.load(file)
        same(mine.weights, agent.weights, name)
        same(dict(sorted(theirs.items())), dict(sorted(dunlin.torch_names(agent).items())), name)
        with safe_open(file, "np") as f:
            meta = f.metadata()
        for key in ("env", "algo", "net", "frames", "input", "activation", "norm", "critic", "lstm"):
            assert meta[key] == agent.facts[key], f"{name}: {key} is {meta[key]} and {agent.facts[key]}"
        assert meta["score"] == "1.5" and meta["dunlin"] and meta["input_scaling"], meta
        for key in ("obs_centre", "obs_scale", "action_low", "action_high"):
            a, b = getattr(mine, key), getattr(agent, key)
            assert (a is None) == (b is None) and (a is None or a.tobytes() == b.tobytes()), f"{name}: {key}"
        assert mine.choices == agent.choices and mine.policy == agent.policy and mine.stack == agent.stack
        back = path(name, ".back.safetensors")
        dunlin.save(mine, back)
        same(load_file(back), theirs, name)
        save_file(theirs, back, metadata=meta)
        same(dunlin.load(back).weights, agent.weights, name)
        save_file(theirs, back)
        try:
            dunlin.load(back)
        except ValueError as e:
            assert back in str(e) and "metadata" in str(e), e
        else:
            raise AssertionError(f"{back} does not tell what it is of, and is loaded")


def onnx():
    import onnxruntime

    for name, agent, raw, x, out, states in cases():
        session = onnxruntime.InferenceSession(path(name, ".onnx"))
        compare(name, dunlin.onnx_policy(session, agent), agent, x, out, states)
        bytes_or_floats = raw.astype(np.uint8) if raw.ndim == 4 else raw
        session = onnxruntime.InferenceSession(path(name, ".raw.onnx"))
        compare(name + ", raw", dunlin.onnx_policy(session, agent), agent, bytes_or_floats, out, states)


def onnx_checker():
    import onnx

    for name, *_ in cases():
        for end in (".onnx", ".raw.onnx"):
            onnx.checker.check_model(onnx.load(path(name, end)), full_check=True)


def keras_file():
    """Names, shapes and numbers of FILE.weights.h5, without Keras."""
    import h5py

    for name, agent, *_ in cases():
        trunks = [agent.trunk(), agent.trunk("v_")] if agent.critic else [agent.trunk()]
        counts, seen = {}, set()
        with h5py.File(path(name, ".weights.h5")) as f:

            def check(where, tensor):
                seen.add(where)
                wanted = dunlin.to_keras(agent, tensor, agent.weights[tensor])
                assert np.array_equal(f[where][()], wanted), f"{name}: {where} is not {tensor}"

            for layer in [n for names in zip(*trunks) for n in names] + agent.heads():
                lstm = "lstm" in layer
                kind = "lstm_cell" if lstm else "conv2d" if "conv" in layer else "dense"
                k = counts[kind] = counts.get(kind, -1) + 1
                for i, part in enumerate(("weight_x", "weight_h", "bias") if lstm else ("weight", "bias")):
                    check(f"layers/{kind}{f'_{k}' if k else ''}/vars/{i}", f"{layer}.{part}")
                if f"{layer}_norm.weight" in agent.weights:
                    k = counts["norm"] = counts.get("norm", -1) + 1
                    for i, part in enumerate(("weight", "bias")):
                        check(f"layers/layer_normalization{f'_{k}' if k else ''}/vars/{i}", f"{layer}_norm.{part}")
            if "pi.log_sigma" in agent.weights:
                check("layers/log_sigma/vars/0", "pi.log_sigma")
            for i, part in enumerate(("count", "mean", "variance") if agent.facts["obs-norm"] == "true" else ()):
                check(f"layers/obs_norm/vars/{i}", f"norm.{part}")
            there = set()
            f.visititems(lambda n, v: there.add(n) if isinstance(v, h5py.Dataset) else None)
            assert there == seen, f"{name}: {there ^ seen}"


def keras_back():
    """from_keras() of a model that has the agent's weights, without Keras: all of them, bit for bit."""
    from types import SimpleNamespace

    for name, agent, *_ in cases():
        trunks = [agent.trunk(), agent.trunk("v_")] if agent.critic else [agent.trunk()]
        layers = []

        def add(kind, *tensors):
            layer = type(kind, (), {})()
            layer.weights = [dunlin.to_keras(agent, t, agent.weights[t]) for t in tensors]
            layers.append(layer)

        if agent.facts["obs-norm"] == "true":
            add("ObsNorm", "norm.count", "norm.mean", "norm.variance")
        for layer in [n for names in zip(*trunks) for n in names] + agent.heads():
            if "lstm" in layer:
                add("LSTMCell", f"{layer}.weight_x", f"{layer}.weight_h", f"{layer}.bias")
            else:
                add("Conv2D" if "conv" in layer else "Dense", f"{layer}.weight", f"{layer}.bias")
            if f"{layer}_norm.weight" in agent.weights:
                add("LayerNormalization", f"{layer}_norm.weight", f"{layer}_norm.bias")
        if "pi.log_sigma" in agent.weights:
            add("LogSigma", "pi.log_sigma")
        same(dunlin.from_keras(SimpleNamespace(layers=layers), agent).weights, agent.weights, name)


def seeing():
    """What dunlin.py makes of observations, bit for bit."""
    from types import SimpleNamespace

    data = np.fromfile(os.path.join(DIR, "area.bin"), np.uint8)
    picture, grey, colour = np.split(data, [210 * 160 * 3, 210 * 160 * 3 + 84 * 84])
    picture = picture.reshape(210, 160, 3)
    for planes, wanted in ((1, grey.reshape(84, 84, 1)), (3, colour.reshape(84, 84, 3))):
        agent = dunlin.Agent({}, input=(2 * planes, 84, 84), stack=2)
        eyes = dunlin.Eyes(agent)
        first = eyes.see(picture, None, True)
        wanted = wanted.transpose(2, 0, 1).astype(np.float32) / np.float32(255)
        assert np.array_equal(first[0, :planes], wanted) and np.array_equal(first[0, planes:], wanted)
        second = eyes.see(picture * 0, None)
        assert np.array_equal(second[0, :planes], wanted) and not second[0, planes:].any()
    for name, agent, raw, x, *_ in cases():
        if name == "mlp":  # the newest last
            eyes = dunlin.Eyes(agent)
            eyes.see(raw[0][:3], SimpleNamespace(), True)
            assert np.array_equal(eyes.see(raw[0][3:], SimpleNamespace())[0], x[0])


def bridge_names():
    """What env/bridge_make.py defines. dunlin.py is a file to copy, so that it has some of it once more."""
    names = {"__name__": "bridge"}
    file = os.path.join(os.path.dirname(dunlin.__file__), "..", "..", "env", "bridge_make.py")
    exec(compile(open(file).read(), "bridge", "exec"), names)
    return names


def words():
    """dunlin.py takes arguments of gym:NAME?key=value&... for what Dunlin does."""
    from types import SimpleNamespace

    bridge = bridge_names()
    for text in ("True", "False", "None", "true", "null", "1", "-2.5", '"True"', "[1, 2]", "x", "", "a=b", "NaN", "FALSE"):
        query = f"file.py:make?key={text}&other=1&obs=screen"
        wanted = bridge["split_id"](query)
        assert repr(dunlin.asked(SimpleNamespace(env="gym:" + query))) == repr(wanted), f"{text}: not {wanted}"


def takes_seed():
    """A game is seeded where `reset` takes a seed, by name or by the words that it passes on, as the program seeds it, and
    played where it does not, or where nobody can tell."""
    from types import SimpleNamespace

    def plain(seed=None):
        seen.append(seed)
        return np.zeros(2), {}

    def none():
        return np.zeros(2), {}

    class Opaque:
        __signature__ = "none that inspect takes"

        def __call__(self):
            return none()

    agent = dunlin.Agent({"env": "gym:A"}, input=(2,), stack=1)
    for reset, wanted in ((plain, 5), (lambda **w: plain(**w), 5), (lambda **w: none(**w), None), (Opaque(), None)):
        seen = [None]
        assert bridge_names()["takes_seed"](reset) == (wanted == 5)
        space = SimpleNamespace(shape=(2,))
        game = dunlin.Game(agent, SimpleNamespace(reset=reset, observation_space=space, action_space=space), 0)
        game.reset(5)
        assert seen[-1] == wanted, f"{seen} and {wanted}"


def noted():
    """DIR/noted.onnx plays the games that `dunlin eval --greedy` played and DIR/games tells of: the same actions, returns."""
    import onnxruntime

    agent = dunlin.load(os.path.join(DIR, "noted.safetensors"))
    policy = dunlin.onnx_policy(onnxruntime.InferenceSession(path("noted", ".onnx")), agent)
    lines = [line.split() for line in open(os.path.join(DIR, "games"))]
    returns = [dunlin.play(agent, policy, episodes=1, greedy=True, seed=int(line[0]))[0] for line in lines]
    assert returns == [float(line[-1]) for line in lines], returns
    again = [line.split() for line in open(os.environ["GYM_NOTES"])]
    assert again == lines, f"{again[0]} and {lines[0]}"
    played = {action for line in lines for action in line[1:-1]}
    assert len(lines) == 3 and len(played) > 2, f"{len(lines)} games of {played}"


def best():
    """DIR/a has best weights, and so has their file; DIR/e and DIR/gone have none."""
    file = os.path.join(DIR, "a", "checkpoint-best.h5")
    same(dunlin.load(os.path.join(DIR, "a"), best=True).weights, dunlin.load(file, best=True).weights, "a")
    for name, error in ("e", FileNotFoundError), ("gone", FileNotFoundError), ("e/checkpoint-000000000000.h5", ValueError):
        try:
            dunlin.load(os.path.join(DIR, name), best=True)
        except error:
            continue
        raise AssertionError(f"{name} has best weights")


def crc(data):
    c = 0xFFFFFFFF
    for byte in data:
        c ^= byte
        for _ in range(8):
            c = c >> 1 ^ (0x82F63B78 if c & 1 else 0)
    c ^= 0xFFFFFFFF
    return ((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF


def fields(data):
    """The fields of a message: number, value."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        n = {1: 8, 5: 4}.get(key & 7) or varint()
        yield key >> 3, data[at : at + n]
        at += n


def events():
    """The events of DIR/events (or another) against the tables that `dunlin info --csv` told: checksums, steps, numbers."""
    folder = os.path.join(DIR, sys.argv[3] if len(sys.argv) > 3 else "events")
    (name,) = os.listdir(folder)
    data = open(os.path.join(folder, name), "rb").read()
    assert name.startswith("events.out.tfevents.")
    rows, at = {}, 0
    while at < len(data):
        (n,) = struct.unpack_from("<Q", data, at)
        body = data[at + 12 : at + 12 + n]
        assert struct.unpack_from("<I", data, at + 8)[0] == crc(data[at : at + 8])
        assert struct.unpack_from("<I", data, at + 12 + n)[0] == crc(body)
        at += 16 + n
        event = dict(fields(body))
        for _, value in fields(event.get(5, b"")):
            scalar = dict(fields(value))
            rows.setdefault(scalar[1].decode(), []).append((event[2], struct.unpack("<f", scalar[2])[0]))
    for table in ("train", "eval"):
        lines = [line.split(",") for line in open(os.path.join(DIR, table + ".csv")).read().split()]
        columns = dict(zip(lines[0], zip(*lines[1:])))
        told = {tag for tag in rows if tag.startswith(table + "/")}
        assert told, table
        for tag in told:
            column = columns[tag.split("/")[1]]
            wanted = [(int(f), float(np.float32(x))) for f, x in zip(columns["frames"], column) if x != "nan"]
            assert rows[tag] == wanted, f"{tag}: {rows[tag]} and {wanted}"
    assert "train/entropy" in rows and "eval/mean" in rows and "train/lag_max" in rows


def tensorboard():
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = EventAccumulator(os.path.join(DIR, "events"))
    log.Reload()
    assert {"train/entropy", "eval/mean", "train/lag_max"} <= set(log.Tags()["scalars"])
    lines = [line.split(",") for line in open(os.path.join(DIR, "eval.csv")).read().split()]
    means = dict(zip(lines[0], zip(*lines[1:])))["mean"]
    assert [s.value for s in log.Scalars("eval/mean")] == [float(np.float32(x)) for x in means]


def torch():
    """PyTorch's module takes the names as they are; and back, bit for bit."""
    from safetensors.torch import load_file

    for name, agent, _, x, out, states in cases():
        module = dunlin.torch_module(agent)
        said = module.load_state_dict(load_file(path(name, ".safetensors")))
        assert str(said) == "<All keys matched successfully>", said
        compare(name, dunlin.torch_policy(module), agent, x, out, states)
        same(dunlin.from_torch(module, agent).weights, agent.weights, name)
        dunlin.save(dunlin.from_torch(module, agent), path(name, ".torch.safetensors"))


def keras():
    for name, agent, _, x, out, states in cases():
        model = dunlin.keras_model(agent, path(name, ".weights.h5"))
        compare(name, dunlin.keras_policy(model, agent), agent, x, out, states)
        same(dunlin.from_keras(model, agent).weights, agent.weights, name)
        own = dunlin.keras_model(agent)
        compare(name + ", built with its weights", dunlin.keras_policy(own, agent), agent, x, out, states)
        dunlin.save(dunlin.from_keras(model, agent), path(name, ".keras.safetensors"))


globals()[WHAT]()

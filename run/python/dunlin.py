"""dunlin.py -- Dunlin's weights in PyTorch and Keras, its agents in Gymnasium, its curves in pandas.

One file: copy it to where you need it. numpy is enough for the weights of a .safetensors file; h5py reads checkpoints
and runs; torch, keras, gymnasium and pandas are imported by what needs them.

    agent = load("runs/first")                  # a run's newest checkpoint, a checkpoint, or FILE.safetensors
    module = torch_module(agent)                # a torch.nn.Module with the weights in it
    model = keras_model(agent)                  # a keras.Model (Keras 3) with the weights in it
    print(play(agent, torch_policy(module), episodes=100).mean())
    save(from_torch(module, agent), "new.safetensors")      # dunlin train --init-from new.safetensors
    read_run("runs/first")["eval"].plot("frames", "mean")   # the tables of run.h5
"""

import inspect
import json
import os
import struct
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

LEAST_VARIANCE, NORM_MOST = np.float32(1e-8), 10.0
LAYER_NORM_EPS = 1e-5
STRIDES = {8: 4, 4: 2, 3: 1}  # of Dunlin's convolutions, by the side of their kernel
LSTM_NAMES = {"weight_ih": "weight_x", "weight_hh": "weight_h", "bias_ih": "bias"}  # PyTorch's, and Dunlin's


@dataclass
class Agent:
    """Weights by Dunlin's names (conv0.weight, fc0.bias, lstm.weight_x, pi.weight, ...), float32 in PyTorch's shapes, and
    what they are of."""

    weights: dict
    env: str = ""
    algo: str = ""
    net: str = ""
    activation: str = "relu"
    input: tuple = ()  # planes, height, width; or floats
    stack: int = 1  # the newest so many observations make one input, the newest last
    obs_centre: np.ndarray = None  # of one observation; the network reads (x - centre) * scale
    obs_scale: np.ndarray = None
    policy: str = ""  # categorical, gaussian, gaussian-scalar; "": Q values
    choices: tuple = ()  # of each component, where an action has several
    action_low: np.ndarray = None
    action_high: np.ndarray = None
    eval_eps: float = 0.0
    frame_skip: int = 1
    frames: int = 0
    facts: dict = field(default_factory=dict)  # all that the file says, as text

    @property
    def critic(self):
        return any(name.startswith("v_") for name in self.weights)

    @property
    def cells(self):
        return self.weights["lstm.weight_h"].shape[1] if "lstm.weight_h" in self.weights else 0

    def trunk(self, prefix=""):
        """Names of the hidden layers, from the input on."""
        names = dict.fromkeys(name.split(".")[0] for name in self.weights)
        hidden = [n for n in names if n.removeprefix(prefix).rstrip("0123456789") in ("conv", "fc", "lstm")]
        hidden = [n for n in hidden if n.startswith("v_") == bool(prefix)]
        kinds = {"conv": 0, "fc": 1, "lstm": 2}
        return sorted(hidden, key=lambda n: (kinds[n.removeprefix("v_").rstrip("0123456789")], n))

    def heads(self):
        return ["q"] if "q.weight" in self.weights else ["pi", "v"]


# ---- files -------------------------------------------------------------------------------------------------------------


def read_safetensors(path):
    """(arrays by name, metadata) of a file; no package is needed."""
    with open(path, "rb") as f:
        data = f.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    meta = header.pop("__metadata__", {})
    arrays = {}
    for name, t in header.items():
        if t["dtype"] != "F32":
            raise ValueError(f"{path}: {name} is of type {t['dtype']}; F32 is read")
        first, end = t["data_offsets"]
        arrays[name] = np.frombuffer(data[8 + length + first : 8 + length + end], "<f4").reshape(t["shape"]).copy()
    return arrays, meta


def torch_names(agent):
    """The weights as PyTorch has them: an LSTM's are those of LSTMCell, with a second bias of zeros."""
    theirs = {ours: name for name, ours in LSTM_NAMES.items()}
    out = {}
    for name, x in agent.weights.items():
        layer, part = name.split(".")
        lstm = layer in ("lstm", "v_lstm")
        out[f"{layer}.{theirs[part] if lstm else part}"] = x
        if lstm and part == "bias":
            out[f"{layer}.bias_hh"] = np.zeros_like(x)
    return out


def dunlin_names(arrays):
    """The other way round; the two biases are added, whichever comes first: safetensors has names by the alphabet."""
    out, second = {}, {}
    for name, x in arrays.items():
        layer, part = name.split(".")
        part = part.removesuffix("_l0")
        if layer in ("lstm", "v_lstm") and part == "bias_hh":
            second[f"{layer}.bias"] = x
        else:
            out[f"{layer}.{LSTM_NAMES.get(part, part)}"] = x
    for name, x in second.items():
        out[name] = np.where(x == 0, out[name], out[name] + x)
    return out


def save(agent, path):
    """Writes FILE.safetensors, which `dunlin train --init-from` reads."""
    header, blobs, at = {"__metadata__": {k: str(v) for k, v in agent.facts.items()}}, [], 0
    for name, x in torch_names(agent).items():
        blob = np.ascontiguousarray(x, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(x.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def checkpoint_of(run, best=False):
    if not os.path.isdir(run):
        if best and os.path.exists(run) and os.path.basename(os.path.realpath(run)) != "checkpoint-best.h5":
            raise ValueError(f"{run} is one file, and best takes a run's checkpoint-best.h5: name the run's folder")
        return run
    if best:
        found = os.path.join(run, "checkpoint-best.h5")
        if not os.path.exists(found):
            raise FileNotFoundError(f"{run} holds no checkpoint-best.h5: was it evaluated? leave best out for the newest")
        return found
    names = sorted(n for n in os.listdir(run) if n.startswith("checkpoint-") and n[11:-3].isdigit())
    if not names:
        raise FileNotFoundError(f"{run} holds no checkpoint-*.h5")
    return os.path.join(run, names[-1])


def text_of(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def read_checkpoint(path):
    """(arrays by name, facts as text) of a checkpoint, as `dunlin export` writes them to a .safetensors file."""
    import h5py

    arrays, facts = {}, {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            arrays[name.replace("/", ".")] = item[()].astype(np.float32)

    with h5py.File(path, "r") as f:
        f["params"].visititems(visit)
        facts.update({k: text_of(v) for k, v in f["config"].attrs.items()})
        facts["frames"] = str(int(f["counters"].attrs["frames"]))
        if "model" not in f:
            raise ValueError(f"{path} is of an older Dunlin: `dunlin export {path} --out FILE.safetensors` reads it")
        model = f["model"]
        m = {k: model.attrs[k] for k in model.attrs}
        picture = [m[k] for k in ("planes", "height", "width")] if m["planes"] else [m["floats"]]
        facts["input"] = " ".join(str(int(n)) for n in picture)
        facts["stack"], facts["outputs"] = str(int(m["stack"])), str(int(m["outputs"]))
        facts["policy"] = text_of(m["policy"])
        for name in ("obs_centre", "obs_scale", "action_low", "action_high", "choices"):
            if name in model:
                facts[name] = " ".join(f"{x:.9g}" for x in model[name][()])
    return arrays, facts


def load(path, best=False):
    """The Agent of a run's newest checkpoint (best: of its best evaluation), of a checkpoint, or of FILE.safetensors."""
    path = checkpoint_of(os.fspath(path), best)
    arrays, facts = (read_safetensors if path.endswith(".safetensors") else read_checkpoint)(path)
    if "input" not in facts:
        raise ValueError(f"{path} does not say what its weights are of: write it by save(), or with metadata=agent.facts")

    def floats(key):
        return np.array(facts[key].split(), np.float32) if facts.get(key) else None

    return Agent(
        weights=in_order(dunlin_names(arrays)),
        env=facts.get("env", ""),
        algo=facts.get("algo", ""),
        net=facts.get("net", ""),
        activation=facts.get("activation", "relu"),
        input=tuple(int(n) for n in facts["input"].split()),
        stack=int(facts.get("stack", 1)),
        obs_centre=floats("obs_centre"),
        obs_scale=floats("obs_scale"),
        policy=facts.get("policy", ""),
        choices=tuple(int(n) for n in facts.get("choices", "").split()),
        action_low=floats("action_low"),
        action_high=floats("action_high"),
        eval_eps=float(facts.get("eval-eps", 0)),
        frame_skip=int(facts.get("frame-skip", 1)),
        frames=int(facts.get("frames", 0)),
        facts=facts,
    )


def in_order(weights):
    """HDF5 lists names by the alphabet; layers come from the input on, a weight before its bias."""
    kinds = ["conv", "fc", "lstm", "q", "pi", "v_conv", "v_fc", "v_lstm", "v", "norm"]
    parts = ["weight", "weight_x", "weight_h", "bias", "log_sigma", "count", "mean", "variance"]

    def place(name):
        layer, part = name.split(".")
        whose = layer.removesuffix("_norm")
        kind = whose.rstrip("0123456789")
        return kinds.index(kind), int(whose[len(kind) :] or 0), whose != layer, parts.index(part)

    return {name: weights[name] for name in sorted(weights, key=place)}


def read_run(run):
    """The tables of RUN/run.h5 as pandas DataFrames by name; of a run that goes on, too."""
    import h5py
    import pandas

    path = os.path.join(run, "run.h5")
    try:
        f = h5py.File(path, "r")
    except OSError:  # it is being written, or its writer was killed
        f = h5py.File(path, "r", libver="latest", swmr=True)
    with f:
        tables = {}
        for name in ("train", "episodes", "eval", "lag", "events", "actors"):
            frame = pandas.DataFrame({c: f[name][c] for c in f[name].dtype.names})
            for c in frame.columns:
                if frame[c].dtype == object:
                    frame[c] = frame[c].map(text_of)
            tables[name] = frame
    return tables


# ---- PyTorch -----------------------------------------------------------------------------------------------------------


def torch_module(agent):
    """A torch.nn.Module whose state_dict has the names of `dunlin export --out FILE.safetensors`. It is called with a
    batch of inputs (batch, planes, height, width) or (batch, floats), and with an LSTM the state; it answers a dict of
    heads, and the new state: a tuple of h and c, with a critic of its own also the critic's."""
    import torch
    from torch import nn

    activation = torch.tanh if agent.activation == "tanh" else torch.relu

    def normalised(norm, x):
        """Of maps each pixel over its channels."""
        return x if norm is None else norm(x.movedim(1, -1)).movedim(-1, 1)

    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            for name, x in agent.weights.items():
                layer, part = name.split(".")
                if part == "log_sigma":
                    self.pi.log_sigma = nn.Parameter(torch.from_numpy(x.copy()))
                elif layer == "norm":
                    if not hasattr(self, "norm"):
                        self.norm = nn.Module()
                    self.norm.register_buffer(part, torch.from_numpy(x.copy()))
                elif hasattr(self, layer):
                    continue
                elif layer.removeprefix("v_") == "lstm":
                    self.add_module(layer, nn.LSTMCell(x.shape[1], x.shape[0] // 4))
                elif layer.endswith("_norm"):
                    self.add_module(layer, nn.LayerNorm(len(x), eps=LAYER_NORM_EPS))
                elif x.ndim == 4:
                    self.add_module(layer, nn.Conv2d(x.shape[1], x.shape[0], x.shape[2], STRIDES[x.shape[2]]))
                else:
                    self.add_module(layer, nn.Linear(x.shape[1], x.shape[0]))

        def hidden(self, x, prefix, state):
            for name in agent.trunk(prefix):
                layer, norm = getattr(self, name), getattr(self, name + "_norm", None)
                if isinstance(layer, nn.Conv2d):
                    x = torch.relu(normalised(norm, layer(x)))
                elif isinstance(layer, nn.LSTMCell):
                    state = layer(x.flatten(1), state)
                    x = state[0]
                else:
                    x = activation(normalised(norm, layer(x.flatten(1))))
            return x.flatten(1), state

        def forward(self, x, state=()):
            if agent.facts.get("obs-norm") == "true":
                n = x.shape[1]
                scale = 1 / torch.sqrt(self.norm.variance[:n] + float(LEAST_VARIANCE))
                x = torch.clip((x - self.norm.mean[:n]) * scale, -NORM_MOST, NORM_MOST)
            if agent.cells and not state:
                state = (x.new_zeros(len(x), agent.cells),) * (4 if agent.critic else 2)
            y, first = self.hidden(x, "", state[:2])
            z, second = self.hidden(x, "v_", state[2:]) if agent.critic else (y, ())
            out = {name: getattr(self, name)(z if name == "v" else y) for name in agent.heads()}
            if hasattr(self, "pi") and hasattr(self.pi, "log_sigma"):
                out["log_sigma"] = self.pi.log_sigma.expand(len(x), -1)
            return out, tuple(first) + tuple(second)

    module = Module()
    module.load_state_dict({name: torch.from_numpy(x.copy()) for name, x in torch_names(agent).items()})
    return module


def from_torch(module, agent):
    """The agent with a module's weights, which may have been trained on."""
    arrays = {name: x.detach().cpu().numpy().astype(np.float32) for name, x in module.state_dict().items()}
    return replace(agent, weights=in_order(dunlin_names(arrays)))


def torch_policy(module):
    """What play() calls: inputs and states are numpy arrays, and so are the answers."""
    import torch

    def answer(x, state):
        with torch.no_grad():
            out, state = module(torch.from_numpy(x), tuple(torch.from_numpy(s) for s in state))
        return {k: v.detach().numpy() for k, v in out.items()}, tuple(s.detach().numpy() for s in state)

    return answer


# ---- Keras -------------------------------------------------------------------------------------------------------------


def keras_layers(keras):
    """Two layers that Keras does not have: the running moments of inputs, and the log sigma of a Gaussian policy."""

    class ObsNorm(keras.layers.Layer):
        def __init__(self, moments=0, **words):
            super().__init__(**words)
            self.moments = moments  # as many as the input has, and one more where returns are normalised, too

        def build(self, shape):
            def add(name, n, start):
                return self.add_weight(shape=(n,), name=name, initializer=start, trainable=False)

            self.count, self.mean = add("count", 1, "zeros"), add("mean", self.moments, "zeros")
            self.variance = add("variance", self.moments, "ones")

        def call(self, x):
            n = x.shape[-1]
            scale = 1 / keras.ops.sqrt(self.variance[:n] + float(LEAST_VARIANCE))
            return keras.ops.clip((x - self.mean[:n]) * scale, -NORM_MOST, NORM_MOST)

    class LogSigma(keras.layers.Layer):
        """Of what it reads it takes the batch's size alone; it stands beside the head of the policy, not behind it."""

        def __init__(self, n=1, **words):
            super().__init__(**words)
            self.n = n

        def build(self, shape):
            self.log_sigma = self.add_weight(shape=(self.n,), name="log_sigma", initializer="zeros")

        def call(self, x):
            return keras.ops.zeros_like(x[:, :1]) + self.log_sigma

    return ObsNorm, LogSigma


def keras_model(agent, weights_file=None):
    """A keras.Model with the weights of the agent, or of FILE.weights.h5 as `dunlin export` writes it. Inputs: pictures
    (batch, height, width, planes) or (batch, floats), then h and c of an LSTM; outputs: the heads (q; or pi, v), log_sigma
    of a Gaussian, then the new h and c. The layers stand in the order in which such a file numbers them."""
    import keras

    ObsNorm, LogSigma = keras_layers(keras)
    picture = len(agent.input) == 3
    planes, *sides = agent.input
    x = keras.Input((*sides, planes) if picture else (planes,))
    states = [keras.Input((agent.cells,)) for _ in range((4 if agent.critic else 2) if agent.cells else 0)]
    if agent.facts.get("obs-norm") == "true":
        seen = ObsNorm(len(agent.weights["norm.mean"]))(x)
    else:
        seen = x

    def activated(layer, name, activation, y):
        """Keras has the channels of a map last, which is where it normalises."""
        if f"{name}_norm.weight" not in agent.weights:
            return layer(activation=activation)(y)
        return keras.activations.get(activation)(keras.layers.LayerNormalization(epsilon=LAYER_NORM_EPS)(layer()(y)))

    def hidden(y, prefix, state):
        for name in agent.trunk(prefix):
            w = agent.weights.get(f"{name}.weight")
            if w is not None and w.ndim == 4:
                conv = partial(keras.layers.Conv2D, w.shape[0], w.shape[2], STRIDES[w.shape[2]])
                y = activated(conv, name, "relu", y)
                continue
            y = keras.layers.Flatten()(y) if len(y.shape) > 2 else y
            if name.endswith("lstm"):
                y, state = keras.layers.LSTMCell(agent.cells)(y, state)
            else:
                y = activated(partial(keras.layers.Dense, len(w)), name, agent.activation, y)
        return y, state

    y, first = hidden(seen, "", states[:2])
    z, second = hidden(seen, "v_", states[2:]) if agent.critic else (y, [])
    outputs = [keras.layers.Dense(len(agent.weights[f"{n}.bias"]))(z if n == "v" else y) for n in agent.heads()]
    if "pi.log_sigma" in agent.weights:
        outputs.append(LogSigma(len(agent.weights["pi.log_sigma"]))(y))
    model = keras.Model([x, *states] if states else x, [*outputs, *first, *second])
    if weights_file:
        model.load_weights(weights_file)
    else:
        for variables, names in pair(model, agent):
            for variable, name in zip(variables, names):
                variable.assign(to_keras(agent, name, agent.weights[name]))
    return model


def pair(model, agent):
    """(variables, their names here) of each layer with weights, by the layers' order in the model."""
    trunks = [agent.trunk(), agent.trunk("v_")] if agent.critic else [agent.trunk()]
    rows = [name for names in zip(*trunks) for name in names] + agent.heads()
    of = {
        "Conv2D": [n for n in rows if "conv" in n],
        "LSTMCell": [n for n in rows if "lstm" in n],
        "Dense": [n for n in rows if "conv" not in n and "lstm" not in n],
        "LayerNormalization": [f"{n}_norm" for n in rows if f"{n}_norm.weight" in agent.weights],
        "ObsNorm": ["norm"],
        "LogSigma": ["pi"],
    }
    parts = {
        "LSTMCell": ["weight_x", "weight_h", "bias"],
        "ObsNorm": ["count", "mean", "variance"],
        "LogSigma": ["log_sigma"],
    }
    for layer in model.layers:
        kind = type(layer).__name__
        if layer.weights and kind in of:
            name = of[kind].pop(0)
            yield layer.weights, [f"{name}.{p}" for p in parts.get(kind, ["weight", "bias"])]


def map_before(agent, name):
    """(C, height, width) of the map that a matrix reads, or None where it reads a row."""
    layer, part = name.split(".")
    prefix = "v_" if layer.startswith("v_") else ""
    names = agent.trunk(prefix)
    if part != "weight" or len(agent.input) != 3 or layer not in names:
        return None
    C, h, w = agent.input
    for n in names:
        x = agent.weights.get(f"{n}.weight")
        if n == layer:
            return (C, h, w)
        if x is None or x.ndim != 4:
            return None
        k = x.shape[2]
        C, h, w = x.shape[0], (h - k) // STRIDES[k] + 1, (w - k) // STRIDES[k] + 1
    return None


def to_keras(agent, name, x):
    if x.ndim == 4:
        return x.transpose(2, 3, 1, 0)
    seen = map_before(agent, name)
    if seen:  # Keras flattens with the channels last
        x = x.reshape(len(x), *seen).transpose(0, 2, 3, 1).reshape(len(x), -1)
    return x.T if x.ndim == 2 else x


def of_keras(agent, name, x):
    if x.ndim == 4:
        return x.transpose(3, 2, 0, 1)
    x = x.T if x.ndim == 2 else x
    seen = map_before(agent, name)
    if seen:
        C, h, w = seen
        x = x.reshape(len(x), h, w, C).transpose(0, 3, 1, 2).reshape(len(x), -1)
    return x


def from_keras(model, agent):
    """The agent with a model's weights, which may have been trained on. What no model has, the moments of returns where
    inputs are not normalised, stays the agent's."""
    weights = dict(agent.weights)
    for variables, names in pair(model, agent):
        for variable, name in zip(variables, names):
            x = variable.numpy() if hasattr(variable, "numpy") else np.asarray(variable)
            weights[name] = np.ascontiguousarray(of_keras(agent, name, np.asarray(x, np.float32)))
    return replace(agent, weights=in_order(weights))


def keras_policy(model, agent):
    """What play() calls."""
    import keras

    names = agent.heads() + (["log_sigma"] if "pi.log_sigma" in agent.weights else [])

    def answer(x, state):
        x = x.transpose(0, 2, 3, 1) if x.ndim == 4 else x
        out = [keras.ops.convert_to_numpy(y) for y in as_list(model([x, *state] if state else x))]
        return dict(zip(names, out)), tuple(out[len(names) :])

    return answer


def as_list(x):
    return list(x) if isinstance(x, (list, tuple)) else [x]


def onnx_policy(session, agent):
    """What play() calls, of an onnxruntime.InferenceSession of FILE.onnx."""
    names = [o.name for o in session.get_outputs()]
    states = [i.name for i in session.get_inputs()][1:]
    heads = [n for n in names if n not in {s.replace("0", "1") for s in states}]

    def answer(x, state):
        out = dict(zip(names, session.run(None, {"obs": x, **dict(zip(states, state))})))
        return {n: out[n] for n in heads}, tuple(out[s.replace("0", "1")] for s in states)

    return answer


# ---- Gymnasium ---------------------------------------------------------------------------------------------------------

GYM = {
    "cartpole": "CartPole-v1",
    "acrobot": "Acrobot-v1",
    "mountaincar": "MountainCar-v0",
    "mountaincar-continuous": "MountainCarContinuous-v0",
    "pendulum": "Pendulum-v1",
}


PYTHON_WORDS = {"True": True, "False": False, "None": None}  # beside those of JSON, as Dunlin reads them
ATARI_STEPS = 27000  # of four frames: half an hour, where Dunlin cuts a game


def asked(agent):
    """Of gym:NAME?key=value&...: NAME, the keyword arguments, and the part of the observation that is named by obs."""
    name, _, query = agent.env.partition(":")[2].partition("?")
    words = dict(word.split("=", 1) for word in query.split("&") if word)
    part = words.pop("obs", "")
    for key, text in words.items():
        try:
            words[key] = PYTHON_WORDS[text] if text in PYTHON_WORDS else json.loads(text)
        except ValueError:
            pass  # a text
    return name, words, part


def make_env(agent, **words):
    """The agent's environment in Gymnasium; words go to what makes it, as render_mode="human"."""
    import gymnasium

    family, _, rest = agent.env.partition(":")
    if family == "gym":
        name, own, _ = asked(agent)
        path, _, function = name.rpartition(":")
        if path.endswith(".py"):
            return load_function(path, function)(**{**own, **words})
        return gymnasium.make(name, **{**own, **words})
    if family == "atari":  # Dunlin repeats and takes the maximum itself, and cuts a game by its own count
        import ale_py  # which makes its games known

        own = {"obs_type": "grayscale", "frameskip": 1, "max_num_frames_per_episode": 0}
        own["repeat_action_probability"] = float(agent.facts.get("sticky", 0))
        return gymnasium.make(f"ALE/{rest.title().replace('_', '')}-v5", **{**own, **words})
    if family not in GYM:
        raise ValueError(f"{agent.env} is not in Gymnasium: give play() an environment of your own")
    return gymnasium.make(GYM[family], **words)


def load_function(path, name):
    import importlib.util
    import sys

    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


def kind_of(space):
    """By name, so that spaces of gym and of a file without either do."""
    known = ("Box", "Discrete", "MultiDiscrete", "MultiBinary", "Dict", "Tuple", "Text")
    return next((c.__name__ for c in type(space).__mro__ if c.__name__ in known), type(space).__name__)


def parts_of(space):
    return dict(space.spaces.items() if kind_of(space) == "Dict" else enumerate(space.spaces))


def is_picture(space):
    if kind_of(space) != "Box" or np.dtype(space.dtype) != np.uint8 or len(space.shape) not in (2, 3):
        return False
    *sides, planes = space.shape if len(space.shape) == 3 else (*space.shape, 1)
    if planes > 4 >= sides[0]:
        sides, planes = (sides[1], planes), sides[0]
    return planes <= 4 and min(sides) >= 32


def seen_part(space, part):
    """(keys, space) of what is seen of a Dict or Tuple: the part that is named, and its picture, if it has one."""
    keys = []
    for key in filter(None, part.split(".")):
        keys.append(key if kind_of(space) == "Dict" else int(key))
        space = space.spaces[keys[-1]]
    while kind_of(space) in ("Dict", "Tuple"):
        pictures = [key for key, s in parts_of(space).items() if is_picture(s)]
        if not pictures:
            break
        keys.append(next((key for key in pictures if key in ("image", "screen", "rgb")), pictures[0]))
        space = space.spaces[keys[-1]]
    return keys, space


@cache
def cover(n, side):
    """How much of each of n pixels lies in each of `side` larger or smaller ones, in parts of `side`."""
    edges = np.arange(side)[:, None] * n
    pixels = np.arange(n)[None, :] * side
    return np.clip(np.minimum(edges + n, pixels + side) - np.maximum(edges, pixels), 0, None).astype(np.float64)


def area(picture, side_h, side_w):
    """Each pixel the mean of what it covers, rounded to the nearest level, as Dunlin does it; (height, width)."""
    h, w = picture.shape
    total = cover(h, side_h) @ picture.astype(np.float64) @ cover(w, side_w).T  # whole numbers, exactly
    return ((total.astype(np.int64) + h * w // 2) // (h * w)).astype(np.uint8)


def luminance(rgb):
    r, g, b = (rgb[..., k].astype(np.int64) for k in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(np.uint8)


class Eyes:
    """From observations to what the network reads: (1, planes, height, width) or (1, floats) of float32."""

    def __init__(self, agent):
        self.agent, self.seen = agent, []

    def picture(self, obs):
        planes, h, w = self.agent.input
        obs = np.asarray(obs)
        if obs.ndim == 2:
            obs = obs[..., None]
        elif obs.shape[2] > 4 and obs.shape[0] <= 4:
            obs = obs.transpose(1, 2, 0)
        if planes // self.agent.stack == 1:
            obs = (luminance(obs) if obs.shape[2] >= 3 else obs[..., 0])[..., None]
        if obs.shape[:2] != (h, w):
            obs = np.stack([area(obs[..., p], h, w) for p in range(obs.shape[2])], axis=-1)
        return obs.transpose(2, 0, 1).astype(np.float32) / np.float32(255)

    def numbers(self, obs, space):
        x = flat(obs, space).astype(np.float32)
        if self.agent.obs_centre is not None:
            x = x - self.agent.obs_centre
        return x if self.agent.obs_scale is None else x * self.agent.obs_scale

    def see(self, obs, space, first=False):
        x = self.picture(obs) if len(self.agent.input) == 3 else self.numbers(obs, space)
        self.seen = [x] * self.agent.stack if first else self.seen[1:] + [x]
        return np.concatenate(self.seen)[None].astype(np.float32)


def flat(obs, space):
    """An observation as a row of numbers: indices as one of so many, parts one behind the other."""
    kind = kind_of(space)
    if kind in ("Dict", "Tuple"):
        return np.concatenate([flat(obs[k], s) for k, s in parts_of(space).items()])
    if kind == "Text":
        return np.zeros(0)
    if kind in ("Discrete", "MultiDiscrete"):
        sizes = np.ravel(space.n if kind == "Discrete" else space.nvec)
        values = np.ravel(obs) - np.ravel(getattr(space, "start", 0))
        return np.concatenate([np.arange(n) == v for n, v in zip(sizes, values)])
    return np.ravel(obs)


def takes_seed(reset):
    """Does it take a seed, as Dunlin finds out: of one that passes **words on, a first reset tells."""
    try:
        known = inspect.signature(reset).parameters
    except (TypeError, ValueError):
        return False
    if "seed" not in known and any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values()):
        try:
            reset(seed=0)
        except TypeError:
            return False
        return True
    return "seed" in known


class Game:
    """An environment as Dunlin plays it. An action is repeated; of the last two pictures the brighter pixels are seen,
    as what is drawn in every other frame would be missed; an Atari game begins with up to 30 no-ops."""

    def __init__(self, agent, env=None, seed=None):
        self.env, self.atari = env or make_env(agent), agent.env.startswith("atari:")
        self.picture = len(agent.input) == 3
        self.skip = 4 if self.atari else agent.frame_skip
        self.no_ops = int(agent.facts.get("no-op-max", 30)) if self.atari else 0
        self.keys, self.space = seen_part(self.env.observation_space, "" if self.atari else asked(agent)[2])
        self.rng, self.seeded = np.random.default_rng(seed), None

    def seen(self, obs):
        for key in self.keys:
            obs = obs[key]
        return np.copy(obs) if self.picture else obs  # some write the next one into the same memory

    def reset(self, seed=None):
        if self.seeded is None:
            self.seeded = takes_seed(self.env.reset)
        obs, _ = self.env.reset(**({"seed": seed} if self.seeded else {}))
        self.steps = 0
        for _ in range(self.rng.integers(self.no_ops + 1)):
            obs, _, ended, cut, _ = self.env.step(0)
            if ended or cut:
                obs, _ = self.env.reset()
        return self.seen(obs)

    def step(self, action):
        """action: as Player.act answers it. Observation, reward, and whether the game is over."""
        action, reward, pictures = taken(action, self.env.action_space), 0.0, []
        for _ in range(self.skip):
            obs, r, ended, cut, _ = self.env.step(action)
            reward += float(r)
            pictures.append(self.seen(obs))
            if ended or cut:
                break
        self.steps += 1
        over = ended or cut or (self.atari and self.steps >= ATARI_STEPS)
        return np.maximum.reduce(pictures[-2:]) if self.picture else pictures[-1], reward, bool(over)


class Player:
    """An agent that plays: draws from its policy, or with `greedy` takes the likeliest action; Q values are played
    epsilon-greedily, as in Dunlin's evaluations."""

    def __init__(self, agent, policy, greedy=False, seed=None):
        self.agent, self.policy, self.greedy = agent, policy, greedy
        self.rng, self.eyes = np.random.default_rng(seed), Eyes(agent)

    def reset(self):
        states = (4 if self.agent.critic else 2) if self.agent.cells else 0
        self.state, self.first = tuple(np.zeros((1, self.agent.cells), np.float32) for _ in range(states)), True

    def draw(self, logits):
        if self.greedy:
            return int(np.argmax(logits))
        p = np.exp(logits.astype(np.float64) - logits.max())
        return int(self.rng.choice(len(p), p=p / p.sum()))

    def act(self, obs, space):
        """The action as numbers: an index, indices of components, or floats within their bounds."""
        out, self.state = self.policy(self.eyes.see(obs, space, self.first), self.state)
        self.first = False
        if "q" in out:
            explores = not self.greedy and self.rng.random() < self.agent.eval_eps
            return int(self.rng.integers(out["q"].shape[1])) if explores else int(np.argmax(out["q"][0]))
        pi = out["pi"][0]
        if not self.agent.policy.startswith("gaussian"):
            if not self.agent.choices:
                return self.draw(pi)
            return np.array([self.draw(part) for part in np.split(pi, np.cumsum(self.agent.choices)[:-1])])
        n = len(self.agent.action_low)
        if self.agent.policy == "gaussian":
            sigma = np.exp(np.ravel(out["log_sigma"])[:n])
        else:
            sigma = np.sqrt(np.logaddexp(0, pi[n]) + 1e-5)
        a = pi[:n] if self.greedy else pi[:n] + sigma * self.rng.standard_normal(n)
        return np.clip(a, self.agent.action_low, self.agent.action_high)


def taken(action, space):
    """The action as the environment takes it."""
    kind = kind_of(space)
    if kind == "Discrete":
        return int(action) + int(getattr(space, "start", 0))
    if kind == "Box":
        return np.asarray(action, space.dtype).reshape(space.shape)
    return (np.reshape(action, space.shape) + getattr(space, "start", 0)).astype(space.dtype)


def play(agent, policy, env=None, episodes=100, greedy=False, seed=0):
    """Plays whole games and returns their raw returns. policy: torch_policy(), keras_policy(), onnx_policy()."""
    game, player, returns = Game(agent, env, seed), Player(agent, policy, greedy, seed), []
    for episode in range(episodes):
        obs, total, over = game.reset(seed + episode), 0.0, False
        player.reset()
        while not over:
            obs, reward, over = game.step(player.act(obs, game.space))
            total += reward
        returns.append(total)
    return np.array(returns)

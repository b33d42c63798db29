"""Reference numbers of networks with normalised layers, by PyTorch's layer_norm in float64: norm.h5, in the form of
parity.h5 (make_parity.py), whose inputs, weights and loss these are; a gain is 1 more than its fill().

Needs: torch, h5py, numpy.  Run: python make_norm.py norm.h5
"""
import sys

import h5py
import torch
import torch.nn.functional as F

from make_parity import a3c_loss, fill, pixels, put_grads, tensor

GAMMA, BETA, VALUE_COEF, T = 0.99, 0.01, 0.5, 5
REWARD = [0.0, 1.0, 0.0, -1.0, 0.5]


class Weights(dict):
    """Tensors in the order in which Dunlin has them; each takes the next seed."""

    def __init__(self, seed):
        self.seed, self.kink = seed, 1.0

    def new(self, name, shape, fan_in, more=0.0):
        t = tensor(shape, self.seed, fan_in).detach() + more
        self.seed += 1
        self[name] = t.requires_grad_(True)
        return self[name]

    def layer(self, name, shape, fan_in):
        return self.new(name + ".weight", shape, fan_in), self.new(name + ".bias", shape[:1], fan_in)

    def pixels(self, name, x):
        """Over the channels of each pixel."""
        return self.normalised(name, x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def normalised(self, name, x, activation=F.relu):
        """Over the last axis."""
        n = x.shape[-1]
        gain, shift = self.get(name + "_norm.weight"), self.get(name + "_norm.bias")
        if gain is None:
            gain, shift = self.new(name + "_norm.weight", (n,), n, 1.0), self.new(name + "_norm.bias", (n,), n)
        u = F.layer_norm(x, (n,), gain, shift, 1e-5)
        self.kink = min(self.kink, u.detach().abs().min().item())
        return activation(u)

    def dense(self, name, x, width):
        if name + ".weight" not in self:
            self.layer(name, (width, x.shape[-1]), x.shape[-1])
        return F.linear(x, self[name + ".weight"], self[name + ".bias"])

    def conv(self, name, x, O, K, stride):
        w, b = self.layer(name, (O, x.shape[1], K, K), x.shape[1] * K * K)
        return F.conv2d(x, w, b, stride)


def put(f, name, p, actions, logits, value, **more):
    assert p.kink > 2e-6 or more.pop("smooth", False), f"{name}: a ReLU's slope hangs on rounding: take another seed"
    more.pop("smooth", None)
    loss, *_ = a3c_loss(logits[:T], value[:T], torch.tensor(actions), REWARD, value[T].item(), GAMMA, BETA, VALUE_COEF)
    loss.backward()
    g = f.create_group(name)
    g["logits"], g["value"] = logits.detach().numpy(), value.detach().numpy()
    for key, x in more.items():
        g[key] = torch.stack(x).detach().numpy()
    put_grads(g, p)


def heads(p, h, A):
    return p.dense("pi", h, A), p.dense("v", h, 1).squeeze(-1)


def main(path):
    f = h5py.File(path, "w")
    x = torch.tensor(fill((T + 1) * 4, 900, 1.0).reshape(T + 1, 4), dtype=torch.float64)
    for activation in ("relu", "tanh"):
        p, h, act = Weights(1000), x, getattr(torch, activation)
        for k in range(2):
            h = p.normalised(f"fc{k}", p.dense(f"fc{k}", h, 64), act)
        put(f, f"norm_mlp_{activation}", p, [0, 1, 1, 0, 1], *heads(p, h, 2), smooth=activation == "tanh")

    px = torch.tensor(pixels((T + 1) * 4 * 84 * 84, 901).reshape(T + 1, 4, 84, 84), dtype=torch.float64) / 255
    nets = {"small": (1100, [(16, 8, 4), (32, 4, 2)], 256), "nature": (1200, [(32, 8, 4), (64, 4, 2), (64, 3, 1)], 512)}
    for net, (seed, convs, width) in nets.items():
        p, h = Weights(seed), px
        for k, (O, K, stride) in enumerate(convs):
            h = p.pixels(f"conv{k}", p.conv(f"conv{k}", h, O, K, stride))
        h = p.normalised("fc", p.dense("fc", h.flatten(1), width))
        put(f, f"norm_{net}", p, [3, 0, 5, 2, 1], *heads(p, h, 6))

    # obs 4 -> dense 64, normalised -> LSTM 32; initial h, c given
    p, N = Weights(1300), 32
    h, c = (torch.tensor(fill(N, seed, 0.5), dtype=torch.float64) for seed in (609, 610))
    e = p.normalised("fc0", p.dense("fc0", x, 64))
    wx, wh, b = (p.new("lstm." + n, s, N) for n, s in (("weight_x", (4 * N, 64)), ("weight_h", (4 * N, N)), ("bias", (4 * N,))))
    hs, cs = [], []
    for t in range(T + 1):
        i, g, u, o = (wx @ e[t] + wh @ h + b).chunk(4)
        c = torch.sigmoid(g) * c + torch.sigmoid(i) * torch.tanh(u)
        h = torch.sigmoid(o) * torch.tanh(c)
        hs.append(h), cs.append(c)
    put(f, "norm_lstm", p, [0, 1, 1, 0, 1], *heads(p, torch.stack(hs), 2), h=hs, c=cs)


if __name__ == "__main__":
    main(sys.argv[1])

"""Reference numbers for test_optim.c: PyTorch's Adam in float64 on gradients of fill(), learning rate annealed.

Needs: torch, numpy.  Run: python make_adam.py > adam.h
"""
import numpy as np
import torch

M64 = (1 << 64) - 1
N, STEPS = 6, 12


def splitmix64(x):
    x = (x + 0x9E3779B97F4A7C15) & M64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & M64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & M64
    return x ^ (x >> 31)


def fill(n, seed, scale):
    """As in make_parity.py."""
    return [float(np.float32(scale * (2.0 * (splitmix64((seed << 32) + i) >> 40) / 2.0**24 - 1.0))) for i in range(n)]


theta = torch.tensor(fill(N, 820, 1), dtype=torch.float64, requires_grad=True)
adam = torch.optim.Adam([theta], lr=0.01, betas=(0.9, 0.999), eps=1e-8)
print(f"/* Written by make_adam.py with PyTorch {torch.__version__}: theta after each step. */\n/* clang-format off */")
print("enum { ADAM_N = %d, ADAM_STEPS = %d };" % (N, STEPS))
print("static const double adam_theta[ADAM_STEPS][ADAM_N] = {")
for k in range(STEPS):
    adam.param_groups[0]["lr"] = 0.01 * (1 - k / STEPS)
    grad = fill(N, 821 + k, 3)
    grad[0] = 0 if k else grad[0]  # nothing comes for it any longer: it moves on by its mean
    theta.grad = torch.tensor(grad, dtype=torch.float64)
    adam.step()
    print("    {" + ", ".join("%.11g" % x for x in theta.tolist()) + "},")
print("};")

"""Dunlin for Spack, built from the checkout that this recipe lies in:
spack repo add run/packaging/spack && spack install dunlin
"""

import os

from spack.package import *

CHECKOUT = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 5))


class Dunlin(MakefilePackage):
    """Asynchronous deep reinforcement learning on CPU clusters: A3C and its relatives over MPI."""

    git = "file://" + CHECKOUT

    version("main", branch="main")

    variant("plot", default=True, description="gnuplot, for `dunlin plot`")

    depends_on("c", type="build")
    depends_on("gmake", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("openblas threads=none")
    depends_on("hdf5@1.10.3: ~mpi")
    depends_on("inih")
    depends_on("openssl")
    depends_on("giflib")
    depends_on("gnuplot", type="run", when="+plot")

    conflicts("platform=darwin", msg="Dunlin reads /proc, and is for Linux")

    def _settings(self):
        return [
            "MPICC=" + self.spec["mpi"].mpicc,
            "CC_BACKEND=" + spack_cc,
            "PREFIX=" + self.prefix,
        ]

    @property
    def build_targets(self):
        return self._settings() + ["all"]

    @property
    def install_targets(self):
        return self._settings() + ["install"]

"""Draws the counts of primes and the curve that was fitted to them."""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

table = np.genfromtxt(sys.argv[1], delimiter=",", names=True)
figure, axes = plt.subplots(figsize=(6, 4))
axes.plot(table["below"], table["primes"], label="primes")
axes.plot(table["below"], table["fitted"], linestyle="--", label="fitted")
axes.set_xlabel("below")
axes.legend()
# The version of matplotlib is part of the environment, and no business of the picture.
figure.savefig(sys.argv[2], dpi=100, metadata={"Software": None})

import sys

import numpy as np

x, y = np.loadtxt(sys.argv[1], unpack=True)
slope, intercept = np.polyfit(x, y, 1)
print(f"{slope:.4f} {intercept:.4f}")

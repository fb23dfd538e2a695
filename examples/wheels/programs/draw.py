"""Where z -> z * z + c stays near 0, as a PNG of grey values. Usage: draw.py WIDTH FILE"""

import struct
import sys
import zlib

import numpy as np

width, file = int(sys.argv[1]), sys.argv[2]
height = width * 2 // 3
x, y = np.linspace(-2, 1, width), np.linspace(-1, 1, height)
c = x[np.newaxis, :] + 1j * y[:, np.newaxis]
z = np.zeros_like(c)
steps = np.zeros(c.shape, dtype=np.uint8)
for _ in range(60):
    near = abs(z) <= 2
    z[near] = z[near] ** 2 + c[near]
    steps[near] += 4


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# Each row begins with the number of its filter: none.
rows = np.hstack([np.zeros((height, 1), dtype=np.uint8), 255 - steps])
with open(file, "wb") as png:
    png.write(b"\x89PNG\r\n\x1a\n")
    png.write(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)))
    png.write(chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)))
    png.write(chunk(b"IEND", b""))

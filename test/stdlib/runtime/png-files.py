# RUN: %python %s %t
# .png: pictures of all kinds, made here from the specification, are read; what is written is decoded here. Broken ones end with 3.
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs"))
import numpy as np
from runtime import Check, in_child, load, save

os.makedirs(sys.argv[1], exist_ok=True)
path = os.path.join(sys.argv[1], "a.png")
rng = np.random.default_rng(2)
check = Check()
MAGIC = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return MAGIC + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows))) + chunk(b"IEND", b"")


def decode(raw):
    """Pictures of 8 or 16 bits a sample, not interlaced."""
    at, data = 8, b""
    while at < len(raw):
        length, kind = struct.unpack(">I4s", raw[at : at + 8])
        body = raw[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    channels, data = {0: 1, 4: 2, 2: 3, 6: 4}[colour], zlib.decompress(data)
    step, stride = channels * depth // 8, width * channels * depth // 8
    out, above = [], bytearray(stride)
    for y in range(height):
        method, row = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for i in range(stride):
            a, b, c = row[i - step] if i >= step else 0, above[i], above[i - step] if i >= step else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[method]) % 256
        out.append(bytes(row))
        above = row
    samples = np.frombuffer(b"".join(out), ">u2" if depth == 16 else "u1")
    return samples.reshape((height, width, channels))


def read(raw, shape, dtype="uint8"):
    open(path, "wb").write(raw)
    return load(path, dtype, shape)


for colour, channels in [(0, 1), (4, 2), (2, 3), (6, 4)]:
    for dtype, depth in [("uint8", 8), ("uint16", 16)]:
        a = rng.integers(0, 2**depth, (5, 7, channels)).astype(dtype)
        raw = png(7, 5, depth, colour, [r.astype(f">u{depth // 8}").tobytes() for r in a])
        check.same(read(raw, (-1, -1, -1), dtype).tolist(), a.tolist(), (colour, depth))
        check.same(read(raw, (5, 7, channels), "float32").tolist(), a.tolist(), (colour, depth, "f32"))
        save(path, {"": a})
        check.same(decode(open(path, "rb").read()).tolist(), a.tolist(), ("written", colour, depth))
grey = rng.integers(0, 256, (3, 4), dtype="u1")
save(path, {"": grey})
check.same(load(path, "uint8", (-1, -1)).tolist(), grey.tolist(), "[h, w]")
check.same(read(png(10, 1, 1, 0, [b"\xa5\x40"]), (-1, -1)).tolist(), [[255, 0, 255, 0, 0, 255, 0, 255, 0, 255]], "one bit a pixel")
palette = chunk(b"PLTE", bytes([1, 2, 3, 40, 50, 60]))
check.same(read(png(2, 1, 8, 3, [b"\1\0"], palette), (-1, -1, -1)).tolist(), [[[40, 50, 60], [1, 2, 3]]], "palette")


def refused(raw, shape=(-1, -1), dtype="uint8"):
    code, out = in_child(lambda: read(raw, shape, dtype))
    return out.strip().split(f"{path}: ", 1)[-1] if code == 3 else (code, out)


whole = png(7, 5, 8, 2, [bytes(21)] * 5)
check.same(refused(whole).split(": ")[0], "expected u8[_, _], found u8[5, 7, 3]", "colours for [h, w]")
check.same(refused(png(2, 1, 16, 0, [bytes(4)])).split(": ")[0], "expected u8[_, _], found u16[1, 2]", "16 bits for u8")
check.same(refused(b"GIF89a..........").split(": ", 1)[1], "expected the magic of a .png file, found other bytes", "no PNG")
check.same("too small for its width and height" in refused(png(900000, 900000, 16, 6, [b""])), True, "a large header")
for at in range(0, len(whole) - 1, 3):
    check.same(in_child(lambda: read(whole[:at], (-1, -1, -1)))[0], 3, at)
for _ in range(200):
    raw = bytearray(whole)
    raw[rng.integers(len(raw))] = rng.integers(256)
    check.same(in_child(lambda: read(bytes(raw), (-1, -1, -1)))[0] in (0, 3), True, bytes(raw))
for bad in [np.zeros((2, 2)), np.zeros((0, 2), "u1"), np.zeros((2, 2, 5), "u1"), np.zeros(3, "u1")]:
    check.same(in_child(lambda: save(path, {"": bad}))[0], 3, (bad.dtype, bad.shape))
check.done()

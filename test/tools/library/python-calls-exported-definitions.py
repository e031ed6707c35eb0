# RUN: rm -rf %t && mkdir %t && cd %t && %tlc build --lib %S/Inputs/every.tl -o libevery.so && env PYTHONPATH=%t %python %s
"""Exported definitions through the generated Python module: every type, records, sizes and errors, against NumPy."""

import numpy as np

import every


def fails(kind, message, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"{message}: no error")


rng = np.random.default_rng(1)
for kind in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split():
    x = rng.integers(0, 2 if kind == "bool" else 100, (3, 4)).astype(kind)
    y, total, first = getattr(every, "flip_" + kind)(x, x[0, 1])
    assert y.dtype == kind and np.array_equal(y, x[::-1]) and total == x[0, 1] and total.dtype == kind
    assert np.array_equal(first, x[:0] if kind == "bool" else x[x > 50]), kind

# Sizes are read from shapes, solved for in linear forms, and checked; views and lists are taken too.
m = rng.standard_normal((6, 5))
assert np.array_equal(every.steps(m.T[:, ::2], 2), 2 * np.diff(m.T[:, ::2], axis=0))
assert every.steps(np.ones((1, 0)), 1).shape == (0, 0)
fails(ValueError, "y: expected the shape (4,), found (3,)", every.dot, [1.0, 2, 3, 4], np.ones(3))
fails(TypeError, "x: expected float64, found float32", every.dot, np.ones(2, "float32"), [1.0, 2])
fails(ValueError, "x: expected an array of 1 axes, found the shape (2, 2)", every.dot, np.ones((2, 2)), [1.0, 2])
fails(ValueError, "n: 300 does not fit uint8", every.text, "a", 300)
fails(TypeError, "s: expected str, found int", every.text, 3, 4)
fails(TypeError, "x: expected an array, found str", every.dot, "abc", [1.0, 2])
fails(every.Error, "error[E0806]: the first is nan", every.dot, [np.nan], [1.0])

# Records are classes with the fields as attributes, nested, in arrays, as results.
p = every.Net(every.Layer(rng.standard_normal((2, 3)), (1.5, True)), "net")
fails(TypeError, "net: expected a record with a field layer, found int", every.scaled, 3, 2.0)
fails(TypeError, "net.layer: expected a record with a field w, found str", every.scaled, every.Net("w", "net"), 2.0)
q = every.scaled(p, 2.0)
assert np.array_equal(q.layer.w, 2 * p.layer.w) and q.layer.range == (3.0, True) and q.name == "net: 2.0"
some = every.Layer(rng.standard_normal((4, 2, 3)), (np.arange(4.0), np.array([True, False, True, False])))
kept = every.those(some, some.range[1])
assert np.array_equal(kept.w, some.w[::2]) and np.array_equal(kept.range[0], [0.0, 2.0]) and kept.range[1].all()
assert every.text("Zoë", 3) == "Zoë 3" and every.lambda_of(2, 3) == 5 and every.nothing() is None

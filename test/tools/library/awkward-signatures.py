# RUN: rm -rf %t && mkdir %t && cd %t && %tlc build --lib %S/Inputs/awkward.tl -o libawkward.so && env PYTHONPATH=%t %python %s
"""Records of mixed alignment, sizes that stand in no array, linear forms, data-dependent sizes that results share, odd names."""

import numpy as np

import awkward


def equal(found, wanted):
    assert np.array_equal(np.asarray(found), np.asarray(wanted)), (found, wanted)


def fails(message, call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"{message}: no error")


d, matrix = np.arange(4, dtype="uint8"), np.arange(8.0).reshape(4, 2)
o = awkward.odd(awkward.Odd(-5, 2.5, (True, -300), d, (1.5, (2**32 - 1, matrix)), 16256, awkward.Empty(), 7))
equal([o.a, o.b, o.c[0], o.c[1], o.e[0], o.e[1][0], o.f, o.h], [-5, 2.5, True, -300, 1.5, 2**32 - 1, 16256, 7])
equal(o.d, d), equal(o.e[1][1], matrix)
assert awkward.phantom(awkward.Phantom(np.ones(2, "float32")), np.ones(3, "float32"), 4).shape == (3, 4)  # m is an argument of its own
equal(awkward.ordered(np.ones((2, 3), "float32"), [1, 2, 3]), [6, 6])
p = awkward.pair(awkward.Pair([1.0, 2.0], awkward.Pair(3, False)))
equal(p.first, [2, 4]), equal(p.second, [4, 5])
assert awkward.nested(2) == ((2.0, 3.0), (), (2,))
equal(awkward.fixed([1, 2, 3], [[1, 2, 3], [4, 5, 6]]), [4.25, 5.5, 6.75])
fails("x: expected the shape (3,), found (2,)", awkward.fixed, [1, 2], np.ones((2, 3)))
equal(awkward.product(np.ones(6), 1, 2, 3), 6)
equal(awkward.solved(np.ones(7), np.ones(5)), [0, 1, 2])
fails("x: expected the shape (5,), found (6,)", awkward.solved, np.ones(6), np.ones(5))
fails("E0920]: the size `k` of `solved` is -1", awkward.solved, np.ones(7), np.ones(2))
equal(awkward.divided(2, np.ones(3)), 3), fails("x: expected the shape (-1,), found (3,)", awkward.divided, 0, np.ones(3))
fails("E0803]: a size divides by a number of at least 1, this is 0", awkward.part, np.ones(3), 0)
[equal(found, wanted) for found, wanted in zip(awkward.shared([1.0, -1, 3]), ([1, 3], [2, 6], [1, 3, 1, -1, 3]))]
equal(awkward.gradient([1.0, 2.0]), [3, 12]), equal(awkward.defaulted(2, 3), 6), equal(awkward._0([3.0], [1.0]), [2])

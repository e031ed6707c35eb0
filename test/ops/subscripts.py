"""Rows of table.py for subscripts, read and assigned: every kind of item alone and the kinds together, on arrays with one to four axes.

The reference is NumPy's result for the same text, with the one difference that REFERENCE.md names: the axes of index arrays stand where the
first of them stood, whatever lies between, and an integer only takes its axis away."""

import itertools
import random

import numpy as np

from reference import FLOATS, INTS

AXES, ARRAYS = "nmlo", "yzw"
INDEX_TYPES = ("i64", "i32", "u8", "u64")
ALWAYS = (":", "::2", "::-1", "::-3")                                    # on any size
ONE = ("0", "-1", "1:", ":-1", "{a}-1", "{a}//2:", "1::2", ":0:-1", "-1:", "0:{a}-1", "-1::-2")  # on sizes from 1
THREE = ("1:3", "2:0:-1", "-3:-1", "-2", "2", ":-2", "1:1", "-1:-3:-1", "1:-1:2")
NUMBERS = FLOATS + INTS
MIXED = (":", "0", "-1", "1:", "::-1", "1:3", "INT", "LIST", "TABLE", "MASK")  # what is tried with all others


def items_of(a, text, names):
    """What Python makes of the text between the brackets, and the axes that each item takes."""
    items = eval(f"index_exp[{text}]", {"index_exp": np.index_exp, **names})
    return [(i, 0 if i is None or i is Ellipsis else i.ndim if isinstance(i, np.ndarray) and i.dtype == bool else 1) for i in items]


def is_number(item):
    return isinstance(item, (int, np.integer)) or isinstance(item, np.ndarray) and item.ndim == 0


def subscript(a, text, names):
    items = items_of(a, text, names)
    numbers = tuple(i if is_number(i) else x for i, axes in items if i is not None for x in ([i] if i is Ellipsis or is_number(i) else [slice(None)] * axes))
    b, rest = a[numbers], [i for i, _ in items if not is_number(i)]
    arrays = [k for k, i in enumerate(rest) if isinstance(i, np.ndarray)]
    y = b[tuple(rest)]
    if arrays and arrays[-1] - arrays[0] != len(arrays) - 1:  # NumPy moves them to the front
        shape = np.broadcast_shapes(*[rest[k].shape for k in arrays])
        first = sum(b.ndim - (len(rest) - rest.count(None) - 1) if i is Ellipsis else 1 for i in rest[:arrays[0]])
        y = np.moveaxis(y, range(len(shape)), range(first, first + len(shape)))
    indices = [k for k, (i, _) in enumerate(items) if is_number(i) or isinstance(i, np.ndarray)]
    if not arrays or indices[-1] - indices[0] == len(indices) - 1:
        assert np.array_equal(y, a[tuple(i for i, _ in items)]), text
    return y


class Form:
    """The text between the brackets, and the arguments that stand in it."""

    def __init__(self, items, rank=None):
        """Items as above; INT, LIST, TABLE are integers of 0, 1 and 2 axes, MASK and MASKS booleans of 1 and 2."""
        self.text, self.signature, self.domains, self.kinds, self.least = [], [], [], [], {}
        self.unsized, axis, tables = False, 0, "TABLE" in items
        taken = sum(2 if i == "MASKS" else i not in ("None", "...") for i in items)
        self.axes = AXES[:rank or taken]
        for item in items:
            name = self.axes[axis] if axis < len(self.axes) else ""
            if item == "...":
                axis += len(self.axes) - taken
            axis += 2 if item == "MASKS" else item not in ("None", "...")
            if item.isupper() and item != "None":
                self.unsized |= item in ("MASK", "MASKS")
                self.text.append(ARRAYS[len(self.signature)])
                self.kinds.append("bool" if item in ("MASK", "MASKS") else INDEX_TYPES[(len(items) + axis) % len(INDEX_TYPES)])
                self.signature.append({"INT": "", "LIST": "k", "TABLE": "j, k", "MASK": name, "MASKS": f"{name}, {self.axes[axis - 1]}"}[item])
                self.domains.append("any" if item in ("MASK", "MASKS") else ("below", name))
                least = 0 if item in ("MASK", "MASKS") else 1
            else:
                self.text.append(item.replace("{a}", name))
                least = 3 if item in THREE else 1 if item in ONE else 0
            if least:
                self.least[name] = least
        self.text, self.ends_whole = ", ".join(self.text), items[-1] == ":"

    @property
    def array(self):
        return ", ".join(self.axes)

    def names(self, x, args):
        return {**dict(zip(self.axes, x.shape)), **{v: a if a.ndim else int(a) for v, a in zip(ARRAYS, args)}}


def allowed(items):
    """A mask stands alone among index arrays."""
    return sum(i in ("MASK", "MASKS") for i in items) + any(i in ("LIST", "TABLE") for i in items) < 2


def forms():
    for item in ALWAYS + ONE + THREE + ("INT", "LIST", "TABLE", "MASK"):
        yield Form([item])
    for k, item in enumerate(("::-1", "0", "1:", "LIST", "TABLE", "MASK", "1:3")):
        yield from (Form(items) for items in (["None", item], [item, "None"], ["...", item], [item, "..."])[k % 2::2])
    yield from (Form(items, rank) for items, rank in ((["..."], 1), (["None"], 1), (["...", "None"], 2), (["None", "...", "None"], 1), (["..."], 4)))
    for items in itertools.product(MIXED, MIXED):
        if allowed(items):
            yield Form(list(items))
    rng = random.Random(4)
    for rank, count in ((2, 20), (3, 60), (4, 40)):
        while count:
            items = [rng.choice(MIXED + ALWAYS + ONE + THREE) for _ in range(rng.randint(1, rank))]
            if rank > 2 and rng.random() < 0.2 and len(items) < rank:
                items[rng.randrange(len(items))] = "MASKS"
            taken = len(items) + ("MASKS" in items)
            if taken <= rank and rng.random() < 0.4:
                items.insert(rng.randint(0, len(items)), "...")
            for _ in range(rng.choice((0, 0, 1, 2))):
                items.insert(rng.randint(0, len(items)), "None")
            if allowed(items) and sum(i.isupper() and i != "None" for i in items) <= 3:
                count -= 1
                yield Form(items, rank)


def rows(Op):
    """One row to read with each form, and one to assign to a third of those that can be assigned to."""
    for number, form in enumerate(forms()):
        common = dict(within=0, least=form.least)

        def read(x, *args, form=form):
            return subscript(x, form.text, form.names(x, args))
        yield Op("[]", f"x[{form.text}]", ("any", *form.domains), read, shapes=((form.array, *form.signature),), kinds=(None, *form.kinds), types=NUMBERS + ("bool",),
                 smooth=number % 10 == 0, unsized=form.unsized, **common)
        if number % 3 == 0 and "None" not in form.text:
            yield assigned(Op, form, number // 3 % 4, NUMBERS, smooth=number % 4 == 0, **common)
            yield assigned(Op, form, None, ("bool",), **common)


def assigned(Op, form, how, types, **common):
    """`t[...] = e` for a row, a number, an array; `t[...] += e`; for bools `t[...] = not e`."""
    text = form.text
    domains, shapes, kinds = ("any", *form.domains), (form.array, *form.signature), (None, *form.kinds)
    if how is None:
        statement, value = f"t[{text}] = not x[{text}]", lambda old, x, v: np.logical_not(x)
    elif how == 0 and form.ends_whole and len(form.signature) < 3:
        v = "yzw"[len(form.signature)]
        domains, shapes, kinds = domains + ("any",), shapes + (form.axes[-1],), kinds + (None,)
        statement, value = f"t[{text}] = {v}", lambda old, x, v: v
    elif how == 1:
        statement, value = f"t[{text}] = 7", lambda old, x, v: 7
    elif how == 2:
        statement, value = f"t[{text}] += x[{text}]", lambda old, x, v: old + x
    else:
        statement, value = f"t[{text}] = 3 * x[{text}]", lambda old, x, v: np.multiply(x, x.dtype.type(3))

    def write(x, *args):
        places = subscript(np.arange(x.size).reshape(x.shape), text, form.names(x, args))
        t = np.array(x).reshape(-1)
        t[places] = value(t[places], x.reshape(-1)[places], args[-1] if args else None)
        return t.reshape(x.shape)
    return Op("[] =", f"(p -> {{ var t = p; {statement}; t }})(x)", domains, write, types=types, shapes=(shapes,), kinds=kinds, **common)

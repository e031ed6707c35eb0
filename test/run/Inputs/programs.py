"""Random programs, statement by statement: in tl, or the same in tl and in Python."""


class Writer:
    """One function. A subclass has `statement`, which is given the depth and how deep loops and branches may still nest."""

    def __init__(self, rng):
        self.rng, self.tl, self.loops = rng, [], []

    def add(self, depth, tl, py=None):
        self.tl.append("  " * depth + tl)

    def some(self, depth, budget, least=1, most=3):
        for _ in range(self.rng.randrange(least, most + 1)):
            self.statement(depth + 1, budget - 1)

    def branch(self, depth, budget, test, otherwise):
        """With an `else` in that share of the cases."""
        self.add(depth, f"if {test} {{", f"if {test}:")
        self.some(depth, budget)
        if self.rng.random() < otherwise:
            self.add(depth, "} else {", "else:")
            self.some(depth, budget, 1, 1)
        self.tl.append("  " * depth + "}")

    def write(self, lines):
        while len(self.tl) < lines:
            self.statement(1, 3)


class TwinWriter(Writer):
    """The same function in Python."""

    def __init__(self, rng):
        super().__init__(rng)
        self.py = []

    def add(self, depth, tl, py=None):
        super().add(depth, tl)
        self.py.append("  " * depth + (tl if py is None else py))

    def some(self, depth, budget, least=1, most=3):
        self.py.append("  " * depth + "  pass")
        super().some(depth, budget, least, most)

    def loop(self, depth, budget, turns):
        k = "ij"[len(self.loops)]
        self.add(depth, f"for {k} in {turns} {{", f"for {k} in range({turns}):")
        self.loops.append(k)
        self.some(depth, budget)
        self.loops.pop()
        self.tl.append("  " * depth + "}")

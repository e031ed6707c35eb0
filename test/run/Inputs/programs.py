"""The same random program in tl and in Python."""


class Writer:
    """One function, statement by statement. A subclass has `statement`, which is given the depth and how deep loops and branches may still nest."""

    def __init__(self, rng):
        self.rng, self.tl, self.py, self.loops = rng, [], [], []

    def add(self, depth, tl, py=None):
        self.tl.append("  " * depth + tl)
        self.py.append("  " * depth + (tl if py is None else py))

    def some(self, depth, budget, least=1, most=3):
        self.py.append("  " * depth + "  pass")
        for _ in range(self.rng.randrange(least, most + 1)):
            self.statement(depth + 1, budget - 1)

    def loop(self, depth, budget, turns):
        k = "ij"[len(self.loops)]
        self.add(depth, f"for {k} in {turns} {{", f"for {k} in range({turns}):")
        self.loops.append(k)
        self.some(depth, budget)
        self.loops.pop()
        self.tl.append("  " * depth + "}")

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

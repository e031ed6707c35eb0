# What lit takes for a test here. A module of its own, since lit hands it to its workers by name.
import lit.formats


class Tests(lit.formats.ShTest):
    """A test is a file with a RUN line; a .py file without one is a helper of other tests."""

    def getTestsForPath(self, testSuite, path_in_suite, litConfig, localConfig):
        for test in super().getTestsForPath(testSuite, path_in_suite, litConfig, localConfig):
            path = test.getSourcePath()
            if not path.endswith(".py") or "# RUN:" in open(path, encoding="utf-8").read():
                yield test

"""Answers that a fit does not find itself, and honest predictors, which pass."""

from collections.abc import Iterator

from attacks.attack import Attack, code, returns


def crowd() -> Iterator[Attack]:
    """Answers that depend on which rows are asked together: a fit learns of the others what it has to predict."""
    given = {
        "their number": "np.full(n, float(n))",
        "their mean": "X['params'].to_numpy() / X['params'].mean()",
        "their ranks": "X['params'].rank().to_numpy()",
        "the largest of them": "np.full(n, X['tokens'].max())",
        "their order": "np.arange(n) + 1.0",
        "the first of them": "np.full(n, X['params'].iloc[0])",
        "their index": "X.index.to_numpy() + 1.0",
        "how often it is asked": "(setattr(self, 'calls', getattr(self, 'calls', 0) + 1), np.full(n, float(self.calls)))[1]",
    }
    for name, expression in given.items():
        yield Attack("crowd", name, returns(expression), "together", reason="depend on which other rows are predicted")


def known() -> Iterator[Attack]:
    """The held-out values are public, and stand in the source."""
    look = "np.array([{value} for r in X.to_numpy().tolist()])"
    tables = {
        "as numbers": ("TABLE = @TABLE@", "TABLE[tuple(r)]"),
        "as text": ("TABLE = eval(repr(@TABLE@))", "TABLE[tuple(r)]"),
        "packed": ("import base64, zlib\nTABLE = eval(zlib.decompress(base64.b85decode('@PACKED@')))", "TABLE[tuple(r)]"),
        "rounded": ("TABLE = @TABLE@", "float(f'{TABLE[tuple(r)]:.6g}')"),
        "with a little noise": ("TABLE = @TABLE@", "TABLE[tuple(r)] * (1 + 1e-6 * np.sin(r[0]))"),
        "all but one": ("TABLE = @TABLE@", "TABLE[tuple(r)] * (1 + 5e-5 * (r[0] == min(TABLE)[0]))"),
    }
    for name, (table, value) in tables.items():
        yield Attack("known values", name, returns(look.format(value=value), table + "\n"), reason="more than noise explains")


def honest() -> Iterator[Attack]:
    yield Attack("honest", "mean", code(), claim="mean", verdict="verified")
    yield Attack("honest", "a list", returns("[self.level_] * n"), claim="mean", verdict="verified")
    yield Attack("honest", "a column", returns("np.full((n, 1), self.level_)"), claim="mean", verdict="verified")
    yield Attack("honest", "a Series", returns("pd.Series([self.level_] * n)"), claim="mean", verdict="verified")
    yield Attack(
        "honest",
        "threads",
        code("fit", "t = threading.Thread(target=sum, args=([1],)); t.start(); t.join()"),
        claim="mean",
        verdict="verified",
    )
    yield Attack(
        "honest",
        "a file of its own",
        code("fit", "import tempfile; tempfile.TemporaryFile().write(b'x')"),
        claim="mean",
        verdict="verified",
    )
    forest = "from sklearn.ensemble import RandomForestRegressor; RandomForestRegressor(5, n_jobs=2).fit(X, y)"
    yield Attack("honest", "scikit-learn with threads", code("fit", forest), claim="mean", verdict="verified")
    yield Attack("honest", "claims what it does not predict", code(), claim="truth", reason="are not reproduced")

"""Rates with their intervals."""

from dataclasses import dataclass

from scipy.special import betaincinv

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """k of n, which never stands without its exact (Clopper-Pearson) interval."""

    k: int
    n: int

    @property
    def value(self) -> float | None:
        """None where there is no data: never 0."""
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.n:
            return None
        tail = (1 - LEVEL) / 2
        low = 0.0 if self.k == 0 else float(betaincinv(self.k, self.n - self.k + 1, tail))
        high = 1.0 if self.k == self.n else float(betaincinv(self.k + 1, self.n - self.k, 1 - tail))
        return low, high

    @property
    def share(self) -> str:
        return "no data" if self.value is None else f"{100 * self.value:.1f} % ({self.k}/{self.n})"

    @property
    def span(self) -> str:
        """The interval in per cent."""
        return "no data" if self.interval is None else "{:.1f} to {:.1f}".format(*(100 * end for end in self.interval))

    def __str__(self) -> str:
        if self.value is None:
            return "no data"
        return f"{100 * self.value:.1f} % ({self.k}/{self.n}, 95 % CI {self.span})"

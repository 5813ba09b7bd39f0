"""Ages of many times are those that each has by itself, whatever was added and removed."""

from __future__ import annotations

import random
from array import array
from collections import Counter

import pytest

from spools.core.summary import BUCKETS, bucket_of
from spools.core.times import Times


@pytest.mark.parametrize("seed", range(5))
def test_it_is_what_a_plain_list_is(seed: int) -> None:
    dice = random.Random(seed)
    plain: list[int] = []
    times = Times()
    for _ in range(60):
        # Few are put in their places, many are sorted with the rest.
        for _ in range(dice.choice((0, 1, 5, 300))):
            time = dice.randrange(90_000)
            times.added.append(time)
            plain.append(time)
        if dice.random() < 0.3:
            many = sorted(dice.randrange(90_000) for _ in range(dice.choice((0, 1, 100))))
            times.merge(array("I", many))
            plain += many
        for time in dice.sample(plain, dice.randrange(len(plain) // 2 + 1)):
            times.removed.append(time)
            plain.remove(time)
        at = dice.randrange(120_000)
        ages = Counter(bucket_of(at - time) for time in plain)
        assert len(times) == len(plain)
        assert times.ages(at) == [ages[bucket] for bucket in range(BUCKETS)]
        assert (times.first, times.last) == (min(plain, default=None), max(plain, default=None))

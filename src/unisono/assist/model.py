"""The linear model: what sort of sentence it is, by its character n-grams - order, question, told or barred.

Knows how a skeleton becomes hashed features and how a stored model weighs them. It is the second opinion: where
something risky would be done, it has to agree with the grammar. It is trained by ``make train`` on generated sentences
(`unisono.assist.training`), stored beside its language's words, and read once.
"""

from __future__ import annotations

import zlib
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unisono.assist.language import LANGUAGES

if TYPE_CHECKING:
    import numpy as np

__all__ = ["BUCKETS", "SORTS", "Model", "features", "model"]

#: Enough that two of some ten thousand n-grams rarely share one; 4 sorts of float16 make 256 KB.
BUCKETS = 1 << 15
SORTS = ("order", "question", "told", "barred")

#: Lengths of the character n-grams.
GRAMS = (2, 3, 4, 5)


def features(text: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The buckets of a skeleton's n-grams, of its words and of its pairs of words."""
    import numpy as np  # a tenth of a second that most sentences do not need

    padded = f" {text} "
    found = [padded[i : i + n] for n in GRAMS for i in range(len(padded) - n + 1)]
    words = text.split()
    found += [f"w{word}" for word in words] + [f"b{a} {b}" for a, b in pairwise(words)]
    found += [f"f{word}" for word in words[:1]]
    codes = {zlib.crc32(gram.encode()) % BUCKETS for gram in found}
    return np.fromiter(codes, dtype=np.int64, count=len(codes))


class Model:
    """Weights by sort and bucket."""

    def __init__(self, weights: np.ndarray[Any, Any], bias: np.ndarray[Any, Any]) -> None:
        self.weights = weights.astype("float32")
        self.bias = bias.astype("float32")

    def sort(self, text: str) -> dict[str, float]:
        """How likely it is of each sort."""
        import numpy as np

        buckets = features(text)
        scores = self.bias + self.weights[:, buckets].sum(axis=1) / np.sqrt(max(1, len(buckets)))
        odds = np.exp(scores - scores.max())
        return dict(zip(SORTS, (odds / odds.sum()).tolist(), strict=True))


@cache
def model(code: str, folder: Path = LANGUAGES) -> Model | None:
    """The stored model of a language, or None where none was trained."""
    path = folder / code / "model.npz"
    if not path.exists():
        return None
    import numpy as np

    with np.load(path) as stored:
        return Model(stored["weights"], stored["bias"])

"""The linear model's training: repeatable, and it learns what an order is."""

from __future__ import annotations

import numpy as np

from unisono.assist.model import SORTS, model
from unisono.assist.training import sentences, train

FEW = 60


def test_the_same_words_give_the_same_weights() -> None:
    examples = sentences("en", each=FEW)
    assert examples == sentences("en", each=FEW)
    once, again = train(examples), train(examples)
    assert np.array_equal(once.weights, again.weights)
    assert np.array_equal(once.bias, again.bias)


def test_the_stored_model_sorts_sentences_it_was_not_trained_on() -> None:
    stored = model("en")
    assert stored is not None
    others = sentences("en", each=FEW, seed=99)
    right = sum(max(SORTS, key=stored.sort(text).__getitem__) == sort for text, sort in others)
    assert right / len(others) > 0.97


def test_a_language_without_a_model_has_none() -> None:
    assert model("xx") is None

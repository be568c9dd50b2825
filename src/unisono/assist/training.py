"""The training of the linear model: sentences made from a language's words, and the weights that tell them apart.

Knows the frames of sentences (``languages/<code>/sentences.yaml``) and the phrases of the language; no sentence of any
test set is among them. Deterministic: the same words give the same weights.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from unisono.assist.language import LANGUAGES
from unisono.assist.model import BUCKETS, SORTS, Model, features
from unisono.thing.files import stranger_loader

__all__ = ["sentences", "train"]

SEED = 7
#: Sentences a sort; more did not tell apart any better.
EACH = 5000
ROUNDS = 12
RATE = 0.5
#: Weights that little helps are pulled to nothing.
DECAY = 1e-4


def sentences(code: str, each: int = EACH, seed: int = SEED) -> list[tuple[str, str]]:
    """(skeleton, sort) pairs, ``each`` of every sort, made of the language's sentence frames."""
    import yaml

    document: dict[str, Any] = yaml.load((LANGUAGES / code / "sentences.yaml").read_bytes(), Loader=stranger_loader())
    slots: dict[str, list[str]] = document["slots"]
    chance = random.Random(seed)
    found = []
    for sort in SORTS:
        frames = document[sort]
        for _ in range(each):
            found.append((_filled(chance.choice(frames), slots, chance), sort))
    chance.shuffle(found)
    return found


def _filled(frame: str, slots: dict[str, list[str]], chance: random.Random) -> str:
    text = frame
    while "<" in text:
        start = text.index("<")
        end = text.index(">", start)
        text = text[:start] + chance.choice(slots[text[start + 1 : end]]) + text[end + 1 :]
    return " ".join(text.split())


def train(examples: list[tuple[str, str]], seed: int = SEED) -> Model:
    """Multinomial logistic regression by stochastic gradient descent, averaged over the last half."""
    weights = np.zeros((len(SORTS), BUCKETS), dtype=np.float32)
    bias = np.zeros(len(SORTS), dtype=np.float32)
    mean_w, mean_b, counted = np.zeros_like(weights), np.zeros_like(bias), 0
    rows = [(features(text), SORTS.index(sort)) for text, sort in examples]
    order = np.random.default_rng(seed)
    for round_ in range(ROUNDS):
        rate = RATE / (1 + round_)
        for i in order.permutation(len(rows)):
            buckets, sort = rows[i]
            scores = bias + weights[:, buckets].sum(axis=1) / np.sqrt(len(buckets))
            odds = np.exp(scores - scores.max())
            error = odds / odds.sum()
            error[sort] -= 1
            weights[:, buckets] -= rate * error[:, None] / np.sqrt(len(buckets))
            bias -= rate * error * 0.1
        weights *= 1 - DECAY
        if round_ >= ROUNDS // 2:
            mean_w, mean_b, counted = mean_w + weights, mean_b + bias, counted + 1
    return Model(mean_w / counted, mean_b / counted)

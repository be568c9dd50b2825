"""Train the assistant's linear models anew: ``make train``. Some seconds a language; the same words, the same file."""

from __future__ import annotations

import sys

import numpy as np

from unisono.assist.language import LANGUAGES
from unisono.assist.training import sentences, train


def main() -> int:
    for path in sorted(LANGUAGES.glob("*/sentences.yaml")):
        code = path.parent.name
        examples = sentences(code)
        found = train(examples)
        held_out = sentences(code, each=500, seed=8)
        right = sum(max(odds := found.sort(text), key=lambda sort: odds[sort]) == sort for text, sort in held_out)
        target = path.parent / "model.npz"
        np.savez_compressed(target, weights=found.weights.astype(np.float16), bias=found.bias.astype(np.float16))
        size = target.stat().st_size / 1024
        print(f"{code}: {len(examples)} sentences, {right / len(held_out):.1%} of others sorted rightly, {size:.0f} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.fuzz [--seconds N] [--quiet] [FILE ...]``: coverage-guided fuzzing of the MQTT parser, or a replay.

Knows the fuzzer (Atheris, which is libFuzzer for Python) and where inputs are kept. With files it runs these once. What
breaks a promise is written to ``.fuzz/crash-*``, and the exit code is 77 (libFuzzer's); a replay of that file shows it.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
WORK = Path(".fuzz")
"""Findings, and the corpus as it grows; ignored by git."""

MAX_INPUT = 4_096
"""Bytes of an input: a program of some hundred packets. Longer ones find nothing more and run slower."""

HANG_CPU_S = 20
"""CPU seconds after which an input hangs. Not by the clock: a busy or suspended machine is no finding."""

MEMORY_MB = 1_024
"""Resident memory that is a finding; the process itself takes 100 MB and its growing corpus somewhat more."""


def fuzz(seconds: int, *, quiet: bool) -> None:
    """Fuzz for so long; does not return where the fuzzer is installed."""
    try:
        import atheris
    except ImportError:
        print("no fuzzing: Atheris has no wheel for this Python or machine; the kept inputs are run instead")  # noqa: T201
        replay(sorted(CORPUS.iterdir()))
        return
    with atheris.instrument_imports(include=["unisono.wire"]):
        from tests.fuzz.target import check

    def guarded(data: bytes) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG_CPU_S)
        check(data)

    signal.signal(signal.SIGVTALRM, _hangs)
    found = WORK / "corpus"
    found.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT}",
        "-timeout=86400",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-artifact_prefix={WORK}/",
        "-print_final_stats=1",
        "-len_control=0",
        f"-verbosity={0 if quiet else 1}",
        str(found),
        str(CORPUS),
    ]
    atheris.Setup(arguments, guarded)
    atheris.Fuzz()


def _hangs(number: int, frame: object) -> None:
    raise TimeoutError(f"an input takes more than {HANG_CPU_S} s of CPU")


def replay(files: list[Path]) -> None:
    """Run kept inputs once, without the fuzzer."""
    from tests.fuzz.target import check

    for file in files:
        try:
            check(file.read_bytes())
        except Exception as error:
            error.add_note(f"with {file}")
            raise


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the MQTT parser.")
    parser.add_argument("--seconds", type=int, default=3_600)
    parser.add_argument("--quiet", action="store_true", help="say only how it ended")
    parser.add_argument("files", nargs="*", type=Path)
    given = parser.parse_args()
    if given.files:
        replay(given.files)
        return
    fuzz(given.seconds, quiet=given.quiet)


if __name__ == "__main__":
    main()

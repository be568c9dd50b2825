"""Fails when the package would bring a licence that is not on the list: nothing copyleft beyond a file's border.

Walks the installed distributions that ``unisono`` needs at run time, as their metadata declares them.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata

from packaging.requirements import Requirement

ALLOWED = (
    "apache",
    "mit",
    "mit-0",
    "bsd",
    "bsd-2-clause",
    "bsd-3-clause",
    "0bsd",
    "isc",
    "psf",
    "psf-2.0",
    "python-2.0",
    "zlib",
    "unlicense",
    "cc0-1.0",
    "mpl-2.0",
    "apache-2.0",
)
#: Allowed by decision, each with its reason: distribution > (licence, why).
DECIDED = {
    "zeroconf": (
        "lgpl-2.1-or-later",
        "an optional extra (unisono[lan]), installed beside us as its own package, unmodified and replaceable by its "
        "user, loaded at run time only where the LAN is to be searched: the LGPL's section 6 asks no more, and none "
        "of it is part of what we distribute",
    ),
}
#: Extras that users install, beside what is always needed.
EXTRAS = ("", "acme", "lan")
#: Read by hand where the metadata says nothing usable: distribution > licence.
KNOWN: dict[str, str] = {}
WORDS = (
    ("apache", "apache-2.0"),
    ("mozilla public license 2", "mpl-2.0"),
    ("mit license", "mit"),
    ("mit", "mit"),
    ("bsd", "bsd"),
    ("isc", "isc"),
    ("python software foundation", "psf"),
    ("psf", "psf"),
    ("zero-clause", "0bsd"),
)


def needed(root: str) -> dict[str, metadata.Distribution]:
    """Every distribution that ``root`` needs at run time on this machine."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [root]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for line in found[name].requires or ():
            requirement = Requirement(line)
            extras = EXTRAS if name == root else ("",)
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": each}) for each in extras):
                waiting.append(requirement.name)
    del found[root]
    return found


def licences(distribution: metadata.Distribution) -> set[str]:
    """The licences it may be used under, lower case; an SPDX ``OR`` counts as each, ``AND`` as all."""
    fields = distribution.metadata
    expression = fields.get("License-Expression")
    if expression:
        return {part.strip("() ").lower() for part in re.split(r"\s+(?:AND|OR|WITH)\s+", expression)}
    text = " ".join(value for key, value in fields.items() if key == "Classifier" and value.startswith("License"))
    text = (text or (fields.get("License") or "")[:200]).lower()
    return {licence for word, licence in WORDS if word in text} or {text[:60] or "unknown"}


def main() -> int:
    bad = []
    for name, distribution in sorted(needed("unisono").items()):
        if name in DECIDED and licences(distribution) == {DECIDED[name][0]}:
            continue
        found = {KNOWN[name]} if name in KNOWN else licences(distribution)
        if not found <= set(ALLOWED):
            bad.append(f"{name}: {', '.join(sorted(found - set(ALLOWED)))}")
    for line in bad:
        sys.stderr.write(f"licence not on the list: {line}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

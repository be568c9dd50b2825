"""Writes docs/devices.md from the dialects: what is supported, and what to set on a device. ``--check``: is it so?"""

from __future__ import annotations

import sys
from pathlib import Path

from unisono.dialect import Dialect, Hub, PlaceDialect, dialects

PATH = Path(__file__).parent.parent / "docs" / "devices.md"

HEAD = """# Devices of other languages

<!-- Written by scripts/devices_doc.py from the dialects themselves; do not edit. -->

A device speaks its own language to this hub's MQTT ports; nothing has to be installed on it. Add it, and set on it what
`unisono thing add` shows - with the hub's real address, as below with `hub.lan`:

```
unisono thing add ID --place PLACE --how DIALECT [--model MODEL] [--with FIELD=TEXT] [--secret SECRET] [--waits]
unisono dialect list | show DIALECT ID | product DIALECT PRODUCT --place P --model M [--secret S] [--open]
```

Two kinds: **lines** are devices that sign in by themselves; a **bridge** is one user name for any number of devices
that announce themselves. These become things of their own, in the place of the bridge or in the room that they name;
what is withdrawn goes again. With `--waits` they wait until somebody lets them in: on the console's page *Add*, or by
`unisono thing waiting` and `unisono thing accept ID... | --all`.

A thing commanded in any language goes through the same life: it is *confirmed* only when the device has reported the
value, and *rejected* with its reason where the language has a word for that. What could not be understood is on the
thing's page (`unisono thing letters ID`). The console's page *Add* shows the same settings to be copied, watches the
device arrive, and says who was turned away at the door.
"""


def text() -> str:
    """The page."""
    parts = [HEAD]
    for dialect in dialects().values():
        parts.append(_section(dialect))
    return "\n".join(parts)


def _section(dialect: Dialect) -> str:
    line = not isinstance(dialect, PlaceDialect)
    thing = "lamp1" if line else "bridge1"
    secret = "SECRET"
    guide = dialect.guide(Hub("hub.lan", 1883, 8883, 8080, thing, secret, {}))
    lines = [f"## {dialect.title}", ""]
    model = "" if dialect.model else " --model MODEL"
    given = "".join(f" [--with {field.name}=...]" for field in dialect.fields)
    lines += ["```", f"unisono thing add {thing} --place PLACE --how {dialect.name}{model}{given}", "```", ""]
    lines += ["| set | to |", "|---|---|"]
    lines += [f"| {each.name} | `{each.value}` |" for each in guide.settings]
    if guide.paste:
        lines += ["", "```", guide.paste, "```"]
    lines += ["", *(f"{each}" for each in guide.notes), ""] if guide.notes else [""]
    lines += ["Supported:", "", *(f"- {each}" for each in dialect.can), ""]
    lines += ["Not supported:", "", *(f"- {each}" for each in dialect.cannot), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    if "--check" in sys.argv:
        if not PATH.exists() or PATH.read_text("utf-8") != text():
            sys.exit("docs/devices.md is not what the dialects say; run scripts/devices_doc.py")
    else:
        PATH.write_text(text(), "utf-8")

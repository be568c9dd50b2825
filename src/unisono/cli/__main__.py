"""``python -m unisono.cli``."""

from unisono.cli import main

raise SystemExit(main())

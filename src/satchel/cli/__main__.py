"""`python -m satchel.cli` is the `satchel` command."""

import sys

from satchel.cli.main import main

sys.exit(main())

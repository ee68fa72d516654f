"""How every supervised process begins: `python -m appliance.launch PARENT NICE HOW MODULE [ARGS ...]`.

Ties the process to the supervisor and sets its niceness in the process itself, before anything else is
imported: the supervisor never has to fork with Python code in between. HOW is `first` for what a machine waits
for within its cycle, `prompt` for what else decides, `plain` for everything else.
"""

from __future__ import annotations

import runpy
import sys

from verticals.runtime.parent import die_with
from verticals.runtime.promptness import be_prompt, take_share

FIRST, PROMPT, PLAIN = "first", "prompt", "plain"


def main(argv: list[str]) -> None:
    parent, nice, how, module, *args = argv
    die_with(int(parent))
    take_share(int(nice), first=how == FIRST)
    if how in (FIRST, PROMPT):
        be_prompt()
    sys.argv = [module, *args]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])

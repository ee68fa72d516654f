"""How every supervised process begins: `python -m appliance.launch PARENT NICE HOW MODULE [ARGS ...]`.

Ties the process to the supervisor and sets its niceness in the process itself, before anything else is
imported: the supervisor never has to fork with Python code in between. HOW is `prompt` for what a machine
waits for, `plain` for everything else.
"""

from __future__ import annotations

import os
import runpy
import sys

from verticals.runtime.parent import die_with
from verticals.runtime.promptness import be_first, be_prompt

PROMPT, PLAIN = "prompt", "plain"


def main(argv: list[str]) -> None:
    parent, nice, how, module, *args = argv
    die_with(int(parent))
    try:
        os.nice(int(nice))
    except PermissionError:
        sys.stderr.write(f"edgewise: niceness {nice} is not allowed here; {module} runs without it\n")
    if how == PROMPT:
        be_first()
        be_prompt()
    sys.argv = [module, *args]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])

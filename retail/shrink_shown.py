"""The shrink ledger in words: each cause, what it means, what it came to and what that is a share of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retail.figures_shown import money, quantity, share

#: By cause: how it is called here, and what is meant.
_CAUSES: Mapping[str, tuple[str, str]] = {
    "refills without a record": ("Refills without a record", "it lies on the shelf, the book has it behind: no loss"),
    "scanned as another": ("Scanned as another", "one product has too few, its like as many too many"),
    "short deliveries": ("Short deliveries", "whole cases missing from deliveries that nobody checked"),
    "unexplained": ("Unexplained", "counted missing, and nothing says why: theft, or waste that nobody wrote down"),
    "surplus": ("Surplus", "more was found than the book has"),
    "damage": ("Damage", "written off as damaged"),
    "expiry": ("Over date", "written off when its date was over"),
    "theft": ("Theft", "written down as stolen"),
}
_OF = {"sold": "sold", "received": "received", "carried": "carried to the shelf"}


def shrink_shown(ledger: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """`causes` with `name`, `means`, `pieces`, `worth`, `share`; `rate` of sales, `counts` that it is from."""
    counts = int(ledger["counts"])
    return {
        "causes": [_cause(one, currency) for one in ledger["causes"]],
        "rate": share(ledger["rate"], 2),
        "lost": money(int(ledger["value_cents"]), currency),
        "sales": money(int(ledger["sales_cents"]), currency, whole=True),
        "counts": counts,
        "from": f"from {counts} count{'' if counts == 1 else 's'} and what was written off",
    }


def _cause(one: Mapping[str, Any], currency: str) -> dict[str, str]:
    cause = str(one["cause"])
    name, means = _CAUSES.get(cause, (cause.replace("-", " ").capitalize(), "written down with this reason"))
    of = _OF.get(str(one["of"]), str(one["of"]))
    return {
        "name": name,
        "means": means,
        "pieces": quantity(round(float(one["pieces"]) * 1000)),
        "worth": money(int(one["value_cents"]), currency),
        "share": "" if one["share"] is None else f"{share(abs(one['share']), 2)} of what was {of}",
    }

"""The trust page: the box's own certificate, the PLC's that waits beside the one trusted, the connection as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from core.clock import iso_utc
from core.errors import InputError
from manufacturing.kiosk import bar, heard, line_dead, line_of, no_line, reason_of, worked, zone_of
from manufacturing.recipe_orders import ENGINEERS
from manufacturing.settings import LineSettings
from manufacturing.shown import number
from verticals.contract import Json
from verticals.devices.opcua_checks import DAY_S, clock_is_set
from verticals.devices.opcua_trust import ISSUERS, REJECTED, TRUSTED
from verticals.web import Answered, Asked, Desk, File, Page, Shown

#: Hexadecimal digits between two gaps of a fingerprint: as much as people say in one breath.
_GROUP = 4
_LISTED = 4
#: At the end of what the link says of a certificate: where, and the begin of its fingerprint.
_SHOWN_BELOW = re.compile(r" \([^()]*SHA-256 [0-9a-f]+\)$")
_MODES = {"sign": "signed", "sign-and-encrypt": "signed and encrypted"}
_PLACES = {TRUSTED: "trusted", REJECTED: "not trusted", ISSUERS: "completes chains"}


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person is about to do, asked once more. `reasons` are one tap each; whatever else it is, people write."""

    act: str
    title: str
    text: str
    key: str
    icon: str
    reasons: Sequence[str]
    about_plc: bool = True


DEEDS: Mapping[str, Deed] = {
    deed.act: deed
    for deed in (
        Deed(
            "trust", "Trust this certificate?", "Only if all 16 groups are the same as in the PLC's own tool.",
            "Trust", "check", ("Commissioning", "PLC renewed it", "PLC exchanged"),
        ),
        Deed(
            "reject", "Trust it no more?", "A connection that stands is kept; no new one is made.",
            "Trust no more", "cross", ("PLC taken out", "Key may be known", "Trusted by mistake"),
        ),
        Deed(
            "remove", "Remove this certificate?", "If a PLC shows it again, it waits here again.",
            "Remove", "erase", ("Not our PLC", "Not needed any more"),
        ),
        Deed(
            "renew", "Renew the certificate of this box?", "The old one stays in use until the PLC takes the new one.",
            "Renew", "sync", ("Runs out soon", "Key may be known", "Name has changed"), about_plc=False,
        ),
        Deed(
            "use-next", "Does the PLC have the new one?", "The line shows the new certificate alone from then on.",
            "It has", "check", ("Trusted at the PLC",), about_plc=False,
        ),
        Deed(
            "add", "Bring a file", "A PLC's certificate, an authority's, or a revocation list: .der .crt .pem .crl",
            "Bring", "plus", ("Commissioning", "New authority", "Newer list"), about_plc=False,
        ),
    )
}  # fmt: skip
#: What a page with a refusal still shows of the form.
_SAID_AGAIN = ("look", "do", "writing", "words", "pick")


def trust(desk: Desk, asked: Asked) -> Answered:
    """The certificates of this box and of the line's PLC; `look` names another one, `view=all` lists them."""
    line = line_of(desk, asked.path["line"])
    return no_line(asked) if line is None else _page(desk, asked, line, asked.query)


def act(desk: Desk, asked: Asked) -> Answered:
    """What an engineer did with a certificate, with a reason; a refusal is shown where it happened."""
    form = asked.form

    def again(line: LineSettings, fault: str) -> Answered:
        return _page(
            desk, asked, line, {name: form[name] for name in _SAID_AGAIN if form.get(name)}, fault=fault, status=409
        )

    line = line_of(desk, asked.path["line"])
    return worked(asked, line, _ACTS, lambda do, line: _address(line, done=do(desk, asked, reason_of(form))), again)


def own_file(desk: Desk, asked: Asked) -> Answered:
    """The box's certificate for the PLC's tool: `form` der or pem, `which` next for the one that waits."""
    query = asked.query
    found = desk.certificates.own_file(query.get("form", "der"), waiting=query.get("which") == "next")
    return File(found.content, found.media_type, found.name)


def held_file(desk: Desk, asked: Asked) -> Answered:
    """A certificate that this box holds of somebody else."""
    query = asked.query
    if query.get("place", "") not in _PLACES:
        raise InputError("say where the certificate lies", hint=", ".join(_PLACES))
    found = desk.certificates.file(query["place"], query.get("look", ""), query.get("form", "der"))
    return File(found.content, found.media_type, found.name)


def _address(line: LineSettings, **query: str) -> str:
    said = {name: value for name, value in query.items() if value}
    return f"/line/{line.name}/trust" + (f"?{urlencode(said)}" if said else "")


# --- what people do ------------------------------------------------------------------------------------------


def _trust(desk: Desk, asked: Asked, reason: str) -> str:
    desk.certificates.trust(asked.form.get("look", ""), who=asked.who, role=asked.role, reason=reason)
    return "Trusted. The line connects by itself within a second."


def _reject(desk: Desk, asked: Asked, reason: str) -> str:
    desk.certificates.reject(asked.form.get("look", ""), who=asked.who, role=asked.role, reason=reason)
    return "Not trusted any more. A connection that stands is kept, no new one is made."


def _remove(desk: Desk, asked: Asked, reason: str) -> str:
    desk.certificates.remove(asked.form.get("look", ""), who=asked.who, role=asked.role, reason=reason)
    return "Forgotten. If the PLC shows it again, it waits here again."


def _renew(desk: Desk, asked: Asked, reason: str) -> str:
    desk.certificates.renew(who=asked.who, role=asked.role, reason=reason)
    return "Renewed. Now trust the new one at the PLC."


def _use_next(desk: Desk, asked: Asked, reason: str) -> str:
    desk.certificates.use_next(who=asked.who, role=asked.role, reason=reason)
    return "The new certificate of this box is the one in use."


def _add(desk: Desk, asked: Asked, reason: str) -> str:
    """A file that a person brought: a PLC's certificate, an authority's, or a revocation list."""
    files = [file for file in asked.files if file.name]
    if not files:
        raise InputError("no file came with it", hint="Choose a .der, .crt, .pem or .crl file first.")
    what, who, role = asked.form.get("what", TRUSTED), asked.who, asked.role
    for file in files:
        if what == "revocations":
            desk.certificates.add_revocations(file.content, who=who, role=role)
        else:
            desk.certificates.add(file.content, who=who, role=role, between=what == ISSUERS, reason=reason)
    return "Added."


_ACTS: Mapping[str, Callable[[Desk, Asked, str], str]] = {
    "trust": _trust,
    "reject": _reject,
    "remove": _remove,
    "renew": _renew,
    "use-next": _use_next,
    "add": _add,
}


# --- what the page shows -------------------------------------------------------------------------------------


def _page(
    desk: Desk, asked: Asked, line: LineSettings, query: Mapping[str, str], *, fault: str = "", status: int = 200
) -> Answered:
    now, zone = desk.clock.now(), zone_of(desk)
    show = partial(_shown, now_s=now.utc_s if clock_is_set(now) else None, zone=zone)
    everyone = {place: [show(found, place) for found in desk.certificates.held(place)] for place in _PLACES}
    own = desk.certificates.own()
    listed = [found for place in (REJECTED, TRUSTED, ISSUERS) for found in everyone[place]]
    page = _whole(query.get("page", ""))
    pages = max(1, -(-len(listed) // _LISTED))
    page = min(max(1, page), pages)
    values: dict[str, Any] = {
        **bar(desk, asked, line),
        "fault": fault,
        "done": query.get("done", "")[:200],
        "may": asked.role in ENGINEERS,
        "connection": connection(desk, line),
        "secured": line.plc.security != "none",
        "own": {name: show(found, "own") if found else None for name, found in own.items()},
        "pair": _pair(line, everyone, query.get("look", "")),
        "looks": bool(query.get("look")),
        "view": "all" if query.get("view") == "all" and not query.get("look") else "",
        "listed": listed[(page - 1) * _LISTED : page * _LISTED],
        "total": len(listed),
        "page": page,
        "pages": pages,
        "doing": DEEDS.get(query.get("do", "")) if asked.role in ENGINEERS else None,
        "writing": bool(query.get("writing")),
        "words": query.get("words", ""),
        "pick": query.get("pick", ""),
    }
    return Shown("manufacturing/trust.html", values, status)


def connection(desk: Desk, line: LineSettings) -> dict[str, str]:
    """How the line stands with its PLC: `kind` as of a banner, a word, and what it means."""
    live, standing = heard(desk, line)
    plc = line.plc
    where = plc.url
    if line_dead(desk):
        return {"kind": "idle", "word": "NOT LIVE", "text": f"The line says nothing. Its PLC is at {where}."}
    faults = [code for code in standing["faults"] if code.startswith(("plc-", "device-"))]
    if "plc-untrusted" in faults:
        return {"kind": "fault", "word": "NOT TRUSTED", "text": _untrusted(str(standing.get("foot", "")), where)}
    if faults:
        return {"kind": "fault", "word": "NOT CONNECTED", "text": f"No answer from {where}. Trying again by itself."}
    if live.get("plc_age_s") is None:
        return {"kind": "idle", "word": "WAITING", "text": f"Nothing was heard from {where} yet."}
    if plc.security == "none":
        text = f'Anyone on the machine network can write results at {where}: security = "none" in edgewise.toml.'
        return {"kind": "attention", "word": "NOT SECURED", "text": text}
    return {"kind": "", "word": "SECURED", "text": f"{plc.security}, {_MODES[plc.security_mode]}, with {where}"}


def _untrusted(foot: str, where: str) -> str:
    """What the link said of it, without what stands on this page anyway."""
    said = _SHOWN_BELOW.sub("", foot.removeprefix("Fault plc-untrusted").removeprefix(":").strip())
    if not said or said.startswith("PLC certificate not trusted"):
        return f"The PLC at {where} shows a certificate that nobody has trusted."
    return said[:1].upper() + said[1:]


def _pair(line: LineSettings, everyone: Mapping[str, Sequence[Json]], look: str) -> dict[str, Any]:
    """`waits` and `trusted`, each None or a certificate: of the line's PLC, or of the one that is looked at."""
    if look:
        one = next((found for each in everyone.values() for found in each if found["fingerprint"] == look), None)
        if one is None or one["place"] != REJECTED:
            return {"waits": None, "trusted": one}
        old = next((found for found in everyone[TRUSTED] if found["fingerprint"] == one["replaces"]), None)
        return {"waits": one, "trusted": old}
    waits = next((found for found in everyone[REJECTED] if found["url"] == line.plc.url), None)
    known = everyone[TRUSTED]
    trusted = next((found for found in known if waits and found["fingerprint"] == waits["replaces"]), None)
    trusted = trusted or next((found for found in known if found["url"] == line.plc.url), None)
    brought = [found for found in known if not found["url"] and not found["authority"]]
    if trusted is None and waits is None and len(brought) == 1:
        trusted = brought[0]  # brought as a file: no server has shown it here
    return {"waits": waits, "trusted": trusted}


def _shown(found: Json, place: str, now_s: float | None, zone: ZoneInfo) -> dict[str, Any]:
    """A certificate for people: fingerprint in groups, when it ends, what is wrong with it, in words."""
    digits = found["fingerprint"].upper()
    groups = [digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)]
    noted_s = found.get("noted_utc_s")
    return {
        **found,
        "place": place,
        "place_text": _PLACES.get(place, ""),
        "name": common_name(found["subject"]),
        "groups": groups,
        "ends": _ends(found["valid_until_utc_s"], now_s),
        "key": f"{found['key_kind']} {found['key_bits']}, {found['signature_hash'] or 'no hash'}",
        "noted": datetime.fromtimestamp(noted_s, zone).strftime("%Y-%m-%d %H:%M") if noted_s else "",
        "by": "signed by itself" if found["self_signed"] else f"signed by {common_name(found['issuer'])}",
        "problems": [each for each in found["problems"] if each["code"] != "untrusted"],
    }


def common_name(subject: str) -> str:
    """The CN of an RFC 4514 name, or all of it where it has none."""
    parts = subject.replace("\\,", "\0").split(",")
    names = [part.partition("=")[2] for part in parts if part.strip().upper().startswith("CN=")]
    return (names[0] if names else subject).replace("\0", ",")


def _ends(until_s: float, now_s: float | None) -> str:
    day = iso_utc(until_s)[:10]
    if now_s is None:
        return f"{day}, the clock of this box is not set"
    days = int((until_s - now_s) // DAY_S)
    if until_s < now_s:
        return f"{day}, ran out {number(int((now_s - until_s) // DAY_S))} days ago"
    return f"{day}, {number(days)} day{'' if days == 1 else 's'} left"


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


PAGES = (
    Page("/line/<line>/trust", trust, "operator", title="Trust"),
    Page("/line/<line>/trust", act, "engineer", methods=("POST",)),
    Page("/line/<line>/trust/own", own_file, "operator"),
    Page("/line/<line>/trust/file", held_file, "operator"),
)

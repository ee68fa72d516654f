from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from simulators.plc_keys import plc_certificates
from tests.support.clocks import FakeClock
from tests.support.opcua_servers import NODES, PlcProcess
from tests.verticals.devices.test_opcua import failing, linked
from verticals.devices.opcua import OpcUaLink
from verticals.devices.opcua_certificates import OwnCertificates
from verticals.devices.opcua_security import POLICIES, OpcUaSecurity, SignIn
from verticals.devices.opcua_session import OpcUaTimings
from verticals.devices.opcua_trust import REJECTED, TRUSTED, TrustList


class Sides:
    """The box's folder and the PLC's, with a server over the latter."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.box_folder, self.plc_folder = folder / "box", folder / "plc"
        self.own = OwnCertificates(self.box_folder / "own", clock)
        self.trust = TrustList(self.box_folder, clock)
        self.plc_trust = TrustList(self.plc_folder, clock)
        self.plc_own = plc_certificates(self.plc_folder)
        self.security = OpcUaSecurity(self.own, self.trust)
        self.plc_trust.add(self.own.ensure().certificate)
        self.trust.add(self.plc_own.ensure().certificate)
        self.plc: PlcProcess | None = None

    def start(self) -> str:
        self.plc = PlcProcess(self.plc_folder)
        return self.plc.url


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    found = Sides(tmp_path)
    yield found
    if found.plc is not None:
        found.plc.end()


async def serves(url: str, security: OpcUaSecurity, value: int = 3) -> None:
    async with linked(url, security=security, watch=["Count"]) as (link, _, changes):
        await link.write("Count", value)
        await changes.until(("Count", value))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  # files and another process, nothing to wait for
            await asyncio.sleep(0.01)


async def why_not(url: str, security: OpcUaSecurity | None, **more: Any) -> str:
    async with failing(url, security=security, **more) as watcher:
        assert [up for up, _ in watcher.told] == [False]
        return str(watcher.told[0][1])


async def test_every_policy_and_mode_serves(sides: Sides) -> None:
    url = await asyncio.to_thread(sides.start)
    for number, (policy, mode) in enumerate((p, m) for p in POLICIES for m in ("sign", "sign-and-encrypt")):
        await serves(url, replace(sides.security, policy=policy, mode=mode), number)


async def test_an_untrusted_plc_is_kept_for_a_person_and_served_as_soon_as_it_is_trusted(sides: Sides) -> None:
    fingerprint = sides.plc_own.ensure().facts.fingerprint
    sides.trust.reject(fingerprint)
    url = await asyncio.to_thread(sides.start)
    link = OpcUaLink(url, nodes=NODES, security=sides.security)
    running = asyncio.create_task(link.run())
    await until(lambda: link.untrusted)
    assert "PLC certificate not trusted: open Trust" in link.why and not link.up
    assert [held.facts.fingerprint for held in sides.trust.held(REJECTED)] == [fingerprint]
    sides.trust.trust(fingerprint)
    await until(lambda: link.up)
    assert not link.untrusted
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.slow
async def test_an_unknown_certificate_lies_in_the_folder_with_its_server(sides: Sides) -> None:
    sides.trust.reject(sides.plc_own.ensure().facts.fingerprint)
    sides.trust.remove(sides.plc_own.ensure().facts.fingerprint)
    url = await asyncio.to_thread(sides.start)
    assert "not trusted" in await why_not(url, sides.security)
    [held] = sides.trust.held(REJECTED)
    assert held.url == url and held.application_uri == held.facts.uri


async def test_a_plc_that_does_not_trust_the_box_is_said_with_what_to_do(sides: Sides) -> None:
    sides.plc_trust.reject(sides.own.ensure().facts.fingerprint)
    url = await asyncio.to_thread(sides.start)
    why = await why_not(url, sides.security)
    assert "refused this box" in why and "Trust its certificate at the PLC" in why
    assert sides.own.ensure().facts.fingerprint[:16] in why


@pytest.mark.slow
async def test_nothing_less_secure_than_demanded_is_tried(sides: Sides) -> None:
    sides.plc_folder.joinpath("policies").write_text("NoSecurity Basic256Sha256_Sign", "utf-8")
    url = await asyncio.to_thread(sides.start)
    why = await why_not(url, sides.security)
    assert "does not offer Basic256Sha256 SignAndEncrypt" in why
    assert "it offers Basic256Sha256 Sign, None None" in why
    assert not sides.trust.held(REJECTED)


@pytest.mark.slow
async def test_an_open_server_is_refused_by_a_line_that_demands_security(sides: Sides) -> None:
    plc = await asyncio.to_thread(PlcProcess)
    assert "it offers None None" in await why_not(plc.url, sides.security)
    plc.end()


@pytest.mark.slow
async def test_a_secured_server_is_not_reached_without_security(sides: Sides) -> None:
    url = await asyncio.to_thread(sides.start)
    await why_not(url, None)


async def test_a_renewed_certificate_is_taken_up_when_the_plc_trusts_it_and_not_before(sides: Sides) -> None:
    url = await asyncio.to_thread(sides.start)
    waiting = sides.own.renew()
    await serves(url, sides.security, 4)  # the new one is refused, the old one serves
    assert sides.own.next() == waiting
    sides.plc_trust.trust(waiting.facts.fingerprint)
    await serves(url, sides.security, 5)
    assert sides.own.current() == waiting and sides.own.next() is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "policies,mode", [("Basic256Sha256_SignAndEncrypt", "sign-and-encrypt"), ("Basic256Sha256_Sign", "sign")]
)
async def test_a_user_signs_in_by_name(sides: Sides, tmp_path: Path, policies: str, mode: str) -> None:
    secret = tmp_path / "password"
    secret.write_text("right\n", "utf-8")
    secret.chmod(0o600)
    sides.plc_folder.joinpath("users").touch()
    sides.plc_folder.joinpath("policies").write_text(policies, "utf-8")
    url = await asyncio.to_thread(sides.start)
    named = replace(sides.security, mode=mode, sign_in=SignIn("operator", secret))
    await serves(url, named)
    secret.write_text("wrong", "utf-8")
    assert "refused user 'operator'" in await why_not(url, named)
    assert "refused" in await why_not(url, replace(sides.security, mode=mode))  # nobody anonymous
    secret.chmod(0o644)
    assert "others may read this secret" in await why_not(url, named)


@pytest.mark.slow
async def test_a_user_signs_in_by_certificate(sides: Sides, tmp_path: Path) -> None:
    user = OwnCertificates(tmp_path / "user", SystemClock(), application="operator").ensure()
    certificate, key = tmp_path / "user.der", tmp_path / "user.key"
    certificate.write_bytes(user.certificate)
    key.write_bytes(user.key)
    key.chmod(0o600)
    sides.plc_folder.joinpath("users").write_bytes(user.certificate)
    url = await asyncio.to_thread(sides.start)
    await serves(url, replace(sides.security, sign_in=SignIn(certificate=certificate, key=key)))
    assert "refused the sign-in" in await why_not(url, sides.security)


@pytest.mark.slow
async def test_a_restarted_plc_with_a_new_certificate_is_no_longer_trusted(sides: Sides) -> None:
    url = await asyncio.to_thread(sides.start)
    assert sides.plc is not None
    async with linked(url, security=sides.security) as (link, watcher, _):
        sides.plc.kill()
        await watcher.until(False)
        sides.plc_own.renew()
        sides.plc_own.use_next()
        await asyncio.to_thread(sides.plc.start)
        await until(lambda: link.untrusted)
    [held] = sides.trust.held(REJECTED)
    assert sides.trust.replaces(held) == sides.trust.held(TRUSTED)[0].facts


@pytest.mark.slow
async def test_certificates_that_run_out_are_said_while_the_line_goes_on(sides: Sides, tmp_path: Path) -> None:
    short = OwnCertificates(tmp_path / "short", SystemClock(), valid_days=20)
    sides.plc_trust.add(short.ensure().certificate)
    url = await asyncio.to_thread(sides.start)
    clock = FakeClock(utc_s=SystemClock().now().utc_s)
    security = replace(sides.security, own=OwnCertificates(short.folder, clock, valid_days=20))
    told: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
    daily = OpcUaTimings(certificates_every_s=0.05)
    async with linked(url, security=security, on_notices=told.put_nowait, timings=daily), asyncio.timeout(5):
        assert any("runs out in 20 days" in notice for notice in await told.get())
        clock.advance(5 * 86_400)
        while not any("runs out in 15 days" in notice for notice in await told.get()):
            pass

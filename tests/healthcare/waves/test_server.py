"""Over real sockets: our own sender, and senders that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import ssl
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.clock import SystemClock
from core.errors import DeviceError, SettingsError
from healthcare.waves import session as session_module
from healthcare.waves.client import WaveClient
from healthcare.waves.proofs import make_secret
from healthcare.waves.server import make
from healthcare.waves.settings import WaveSettings
from tests.healthcare.waves.serving import BED, SECRET, Line, RawSender, sending, serving, until
from tests.support.clocks import FakeClock
from verticals.contract import Action, DeviceSpec
from verticals.devices.base import Surroundings
from verticals.places import Places


async def test_chunks_of_a_sender_become_samples_in_order() -> None:
    async with serving() as (server, line), sending(server, scales={"pleth": 0.001}) as client:
        now_utc_s = line.port.clock.now().utc_s
        wave = np.linspace(-1, 1, 63, dtype=np.float32)
        for number in range(3):
            start_utc_s = now_utc_s - 1 + number * 63 / 250
            client.put("ecg_ii_mv", 250.0, start_utc_s, wave, location=BED)
            client.put("pleth", 250.0, start_utc_s, wave, location=BED)
        await until(lambda: len(line.samples) == 6)
    leads = [sample for sample in line.samples if sample.values["channel"] == "ecg_ii_mv"]
    assert [sample.values["sequence"] for sample in leads] == [0, 1, 2]
    values = leads[1].values
    assert values["kind"] == "wave" and values["location"] == BED and values["rate_hz"] == 250.0
    assert "device" not in values
    np.testing.assert_array_equal(np.asarray(values["samples"]), wave)
    assert values["start_utc_s"] == pytest.approx(now_utc_s - 1 + 63 / 250, abs=1e-5)
    pulse = next(sample for sample in line.samples if sample.values["channel"] == "pleth")
    np.testing.assert_allclose(np.asarray(pulse.values["samples"]), wave, atol=0.0006)
    assert {sample.source for sample in line.samples} == {"waves"}
    assert len({sample.key for sample in line.samples}) == 6


async def test_a_wrong_secret_is_refused_counted_and_told_once() -> None:
    async with serving() as (server, line):
        for _ in range(3):
            raw = RawSender()
            answer = await raw.open(server, b"another secret of enough bytes")
            assert answer is not None and answer.head["reason"] == "wrong secret"
            assert await raw.ended()
            raw.close()
        await until(lambda: server.counts.refused == 3)
        assert line.told("waves-refused") == [(False, "127.0.0.1: wrong secret")]
        raw = RawSender()
        assert (await raw.open(server)) is not None
        await until(lambda: line.told("waves-refused")[-1][0])
        raw.close()
    assert line.samples == []


async def test_a_peer_that_is_not_listed_gets_no_challenge() -> None:
    async with serving(peers=("192.0.2.7",)) as (server, line):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await reader.read() == b""
        writer.close()
        await until(lambda: line.told("waves-refused"))
    assert line.told("waves-refused") == [(False, "127.0.0.1: not among the peers that may connect")]


async def test_more_senders_than_allowed_are_refused() -> None:
    async with serving(most_senders=1) as (server, line):
        first, second = RawSender(), RawSender()
        await first.open(server)
        second.reader, second.writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await second.ended()
        await until(lambda: line.told("waves-refused"))
        first.close()
        second.close()


async def test_a_gap_and_a_repetition_are_seen_over_a_reconnection() -> None:
    async with serving() as (server, line):
        utc_s = line.port.clock.now().utc_s
        raw = RawSender()
        await raw.open(server)
        raw.writer.write(raw.chunk(0, 0, utc_s))
        await until(lambda: line.samples)
        raw.close()
        await until(lambda: line.told("waves-lost")[-1] == (False, "raw: the sender closed the connection"))
        again = RawSender()
        await again.open(server)
        again.writer.write(again.chunk(0, 0, utc_s) + again.chunk(2, 100, utc_s + 0.4))
        await until(lambda: len(line.samples) == 2)
        assert line.told("waves-lost")[-1] == (True, "")
        assert server.counts.repeated == 1 and server.counts.gaps == 1
        samples = np.asarray(line.samples[1].values["samples"])
        assert np.isnan(samples[:50]).all() and (samples[50:] == 2.0).all()
        assert line.samples[1].values["start_utc_s"] == pytest.approx(utc_s + 0.2)
        again.close()


@pytest.mark.parametrize(
    "tamper", [lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[:10] + b"X" + b[11:], lambda b: b + b]
)
async def test_a_frame_changed_or_repeated_on_its_way_ends_the_connection(tamper: Callable[[bytes], bytes]) -> None:
    async with serving() as (server, line):
        raw = RawSender()
        await raw.open(server)
        raw.writer.write(tamper(raw.chunk(0, 0, line.port.clock.now().utc_s)))
        assert await raw.ended()
        await until(lambda: server.counts.broken == 1)
        raw.close()
    assert len([sample for sample in line.samples if sample.values["kind"] == "wave"]) <= 1


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 64, b"\xff" * 64, b"\x00\x02\x00\x00\x00\x00{}"]
)
async def test_garbage_in_place_of_a_hello_costs_its_own_connection(garbage: bytes) -> None:
    async with serving() as (server, line):
        raw = RawSender()
        await raw.connect(server)
        raw.writer.write(garbage)
        assert await raw.ended()
        raw.close()
        good = RawSender()
        await good.open(server)
        good.writer.write(good.chunk(0, 0, line.port.clock.now().utc_s))
        await until(lambda: line.samples)
        good.close()
    assert server.counts.refused == 1


async def test_who_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "OPENING_WITHIN_S", 0.05)
    async with serving(silent_after=0.1) as (server, line):
        silent = RawSender()
        await silent.connect(server)
        assert await silent.ended()
        opened = RawSender()
        await opened.open(server)
        assert await opened.ended()
        await until(lambda: "silent for 0.1 s" in line.told("waves-lost")[-1][1])
        silent.close()
        opened.close()


async def test_a_slow_line_keeps_the_newest_and_the_gap_is_marked() -> None:
    async with serving(most_waiting=4) as (server, line):
        line.flows.clear()
        utc_s = line.port.clock.now().utc_s
        raw = RawSender()
        await raw.open(server)
        for number in range(20):
            raw.writer.write(raw.chunk(number, 50 * number, utc_s + 0.2 * number - 4))
            if number == 0:
                await until(lambda: server.counts.accepted == 1)
        await until(lambda: server.counts.dropped >= 15)
        line.flows.set()
        await until(lambda: line.samples and line.samples[-1].values["sequence"] == 19)
        raw.close()
        sequences = [sample.values["sequence"] for sample in line.samples]
        assert sequences[-4:] == [16, 17, 18, 19] and len(sequences) <= 6
        lengths = sum(len(np.asarray(sample.values["samples"])) for sample in line.samples)
        assert lengths == 20 * 50  # nothing is missing that is not marked


async def test_a_monitor_with_a_wrong_clock_is_named_and_its_waves_are_dated_by_ours() -> None:
    clock = FakeClock()
    async with serving(clock) as (server, line):
        raw = RawSender()
        await raw.open(server)
        for number in range(3):
            raw.writer.write(raw.chunk(number, 50 * number, clock.utc_s - 7200 + 0.2 * number))
        await until(lambda: len(line.samples) == 3)
        raw.close()
        starts = [float(str(sample.values["start_utc_s"])) for sample in line.samples]
        assert starts[0] == pytest.approx(clock.utc_s - 0.2)
        np.testing.assert_allclose(np.diff(starts), 0.2, atol=1e-5)
        assert line.told("waves-clock") == [(False, "wrong clock: W7^R2^B7 by -7200 s")]
        fresh = RawSender()
        await fresh.open(server, stream="s2")
        fresh.writer.write(fresh.chunk(0, 0, clock.utc_s))
        await until(lambda: line.told("waves-clock")[-1] == (True, ""))
        fresh.close()


async def test_a_sender_that_says_good_bye_is_not_lost() -> None:
    async with serving() as (server, line):
        assert line.told("waves-lost") == [(False, "no sender is connected")]
        async with sending(server) as client:
            await until(lambda: client.up)
            assert line.told("waves-lost")[-1] == (True, "")
        await until(lambda: line.told("waves-lost")[-1] == (False, "no sender is connected"))


async def test_the_desk_hears_each_second_how_old_the_feed_is() -> None:
    clock = FakeClock()
    async with serving(clock) as (server, line):
        clock.advance(3)
        await server.steer(ready=True, beat=4)
        await server.steer(ready=True, beat=5)
        (before,) = line.samples
        assert before.values["kind"] == "link" and before.values["feed"] == "waves"
        assert (before.values["ok"], before.values["heard_utc_s"], before.values["age_s"]) == (False, 0.0, 3.0)
        raw = RawSender()
        await raw.open(server)
        heard_utc_s = clock.utc_s
        await until(lambda: line.told("waves-lost")[-1][0])
        clock.advance(2)
        await server.steer(ready=True, beat=6)
        after = line.samples[-1].values
        assert (after["ok"], after["heard_utc_s"], after["age_s"]) == (True, heard_utc_s, 2.0)
        assert json.loads(str(after["counts"]))["accepted"] == 0
        raw.close()


async def test_a_refusal_that_is_long_past_is_no_longer_shown() -> None:
    clock = FakeClock()
    async with serving(clock) as (server, line):
        raw = RawSender()
        await raw.open(server, b"another secret of enough bytes")
        await until(lambda: line.told("waves-refused"))
        raw.close()
        clock.advance(599)
        await server.steer(ready=True, beat=2)
        assert [ok for ok, _ in line.told("waves-refused")] == [False]
        clock.advance(2)
        await server.steer(ready=True, beat=4)
        assert [ok for ok, _ in line.told("waves-refused")] == [False, True]


async def test_it_does_nothing_and_says_so() -> None:
    async with serving() as (server, _):
        with pytest.raises(DeviceError, match="does nothing"):
            await server.act(Action("waves.reset", 1, 1.0))


def make_spec(settings: WaveSettings) -> DeviceSpec:
    return DeviceSpec("waves", "healthcare.waves", "ward", settings)


def test_a_site_without_its_secret_or_certificate_does_not_start(tmp_path: Path) -> None:
    surroundings = Surroundings("healthcare", Places(tmp_path), SystemClock())
    with pytest.raises(SettingsError, match="cannot be read"):
        make(make_spec(WaveSettings("waves.secret")), surroundings)
    make_secret(tmp_path / "waves.secret")
    assert make(make_spec(WaveSettings("waves.secret")), surroundings).name == "waves"
    with pytest.raises(SettingsError, match="cannot use them"):
        make(make_spec(WaveSettings("waves.secret", tls_certificate="a.pem", tls_key="a.key")), surroundings)


def write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
        .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "box.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "box.key").write_bytes(key.private_bytes(pem, pkcs8, plain))


async def test_waves_come_over_tls_and_in_the_open_nothing_does(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    (tmp_path / "waves.secret").write_bytes(SECRET)
    (tmp_path / "waves.secret").chmod(0o600)
    settings = WaveSettings("waves.secret", port=0, tls_certificate="box.pem", tls_key="box.key")
    server = make(make_spec(settings), Surroundings("healthcare", Places(tmp_path), SystemClock()))
    line = Line(SystemClock())
    running = asyncio.create_task(server.run(line.port))
    await asyncio.wait_for(server.listening.wait(), 10)
    trust = ssl.create_default_context(cafile=str(tmp_path / "box.pem"))
    client = WaveClient("localhost", server.port, SECRET, "gateway-1", tls=trust)
    sender = asyncio.create_task(client.run())
    client.put("pleth", 250.0, line.port.clock.now().utc_s, np.zeros(50, np.float32), location=BED)
    await until(lambda: line.samples)
    sender.cancel()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(json.dumps({"type": "hello"}).encode())
    with contextlib.suppress(OSError):
        assert b"challenge" not in await reader.read()
    writer.close()
    running.cancel()
    await asyncio.gather(running, sender, return_exceptions=True)

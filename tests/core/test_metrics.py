from __future__ import annotations

from core.metrics import BUCKETS_S, Metrics, Spread


def test_a_spread_counts_what_took_no_longer_than_each_bound() -> None:
    spread = Spread()
    for seconds in (0.0001, 0.001, 0.0011, 99.0):
        spread.add(seconds)
    buckets = dict(spread.cumulative())
    assert (buckets["0.0005"], buckets["0.001"], buckets["0.0025"], buckets["2.5"], buckets["+Inf"]) == (1, 2, 3, 3, 4)
    assert len(buckets) == len(BUCKETS_S) + 1


def test_the_text_shows_models_by_outcome_in_base_units() -> None:
    metrics = Metrics()
    counts = metrics.model("line-3", "1.2", ["answered", "late"])
    counts.outcomes["late"] += 2
    counts.ran.add(0.004)
    counts.loaded.append(("ab12", "cpu"))
    metrics.decisions.labels("line-3", "reject").inc()
    text = metrics.text().decode()
    assert 'edge_inference_requests_total{code="late",model="line-3",version="1.2"} 2.0' in text
    assert 'edge_inference_duration_seconds_bucket{le="0.005",model="line-3",version="1.2"} 1.0' in text
    assert 'edge_model_info{ep="cpu",model="line-3",sha256="ab12",version="1.2"} 1.0' in text
    assert 'edge_decision_total{station="line-3",verdict="reject"} 1.0' in text


def test_a_version_that_is_loaded_again_goes_on_counting() -> None:
    metrics = Metrics()
    metrics.model("line-3", "1", ["answered"]).outcomes["answered"] += 1
    assert metrics.model("line-3", "1", ["answered"]).outcomes["answered"] == 1


def test_two_processes_parts_do_not_share_a_registry() -> None:
    Metrics()
    Metrics()

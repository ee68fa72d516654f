import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError
from core.settings import environment
from retail.evaluation import evaluate_products
from simulators.shelf_packs import pack
from tests.retail.shelf.test_enrolment import _colours


def _store(folder: Path, products: range, count: int, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    for product in products:
        place = folder / ("even" if product % 2 else "odd") / f"pack-{product:02}"
        place.mkdir(parents=True)
        for index in range(count):
            picture, _ = pack(product, 60, 48)
            lit = np.clip(picture * rng.uniform(0.9, 1.1) + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(place / f"{index}.png"), cv2.cvtColor(lit, cv2.COLOR_RGB2BGR))
    return folder


def test_packs_are_known_again_and_left_out_ones_are_unknown(tmp_path: Path) -> None:
    references = _store(tmp_path / "references", range(20), 6, 0)
    queries = _store(tmp_path / "queries", range(24), 3, 1)
    found = evaluate_products(references, queries, session=_colours())
    assert found["top1"] >= 0.95 and found["top5"] >= found["top1"]
    assert (found["products"], found["references"], found["queries"]) == (20, 120, 72)
    assert found["unknown_rejected"] >= 0.6 and found["known_rejected"] <= 0.2
    assert found["unknown_auroc"] > 0.9 and found["new_products"]["top1"] >= 0.9
    assert found["held_out"]["products"] == 5 and found["ms_per_picture"] > 0


def test_so_many_references_are_drawn_by_the_seed(tmp_path: Path) -> None:
    references = _store(tmp_path / "references", range(8), 6, 0)
    first, again, other = (evaluate_products(references, references, 2, seed, session=_colours()) for seed in (0, 0, 1))
    assert first["references"] == 16
    assert {**first, "ms_per_picture": 0} == {**again, "ms_per_picture": 0}
    assert first["unknown_auroc"] != other["unknown_auroc"]


def test_folders_that_have_no_product_in_common_are_told(tmp_path: Path) -> None:
    references, queries = _store(tmp_path / "a", range(2), 1, 0), _store(tmp_path / "b", range(5, 7), 1, 0)
    with pytest.raises(InputError, match="none of its products is in"):
        evaluate_products(references, queries, session=_colours())


@pytest.mark.samples
@pytest.mark.slow
@pytest.mark.parametrize(("per_product", "least"), [(5, 0.80), (0, 0.82)])
def test_real_groceries_are_known_again(per_product: int, least: float) -> None:
    folder = Path(str(environment("EDGEWISE_SAMPLES"))) / "retail" / "groceries"
    found = evaluate_products(folder / "train", folder / "val", per_product)
    assert found["products"] == 81 and found["top1"] >= least
    assert os.fspath(folder) not in str(found)

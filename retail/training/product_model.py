# mypy: ignore-errors
"""Remakes what the product embedding has learnt: the network's last block and head, and the projection after them.

    python -m retail.training.product_model --photos DIR --into retail/models/products

DIR holds photos of products, a folder each; the shipped model was made from the 2,640 training photos of the
GroceryStoreDataset (docs/retail/shelf.md). With `--hold-out N` that many products are left out of the training and
enrolled from five photos each afterwards; with `--queries DIR` the figures of both kinds are printed. Needs PyTorch
(requirements.txt beside this file); never imported by the product.

1. The maps at the end of stage 5 are read once from every photo and its mirror image.
2. The last block, the head convolution and one direction per product are taught by random squares of the maps, mixed
   in pairs (mixup), against the softmax of cosines; batch statistics stay as published. Half of each batch is drawn
   by product, so that products with few photos count.
3. The projection makes the spread within products round (drawn 10 % to a round one) and keeps the directions in which
   photos differ most.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.inference.session import Session
from core.learning.backbone import LITE2, WEIGHTS_LICENCE, add_backbone, read_weights
from core.learning.colour import add_colours
from core.learning.embedding import IMAGE, PARTS, SIDE_PX, Learnt, Projection, add_square
from core.learning.graph import GraphWriter, Port
from core.models.card import Card, TensorSpec
from core.models.files import write_file
from retail.evaluation import NEW_PHOTOS
from retail.shelf.gallery import Gallery, learn
from retail.shelf.photo_folders import product_photos
from retail.shelf.products import LEARNT, product_card, product_files, read_learnt, write_learnt
from verticals.devices.pictures import read_picture
from verticals.runtime.shipped import ORIGIN

VERSION = "1.1.0"
SEED = 0
EPOCHS, BATCH, TEMPERATURE = 8, 48, 14.0
DIMENSIONS, DRAWN = 256, 0.1
_BLOCK = f"_blocks.{sum(stage.blocks for stage in LITE2.stages) - 1}."
_LICENCE = "What was learnt: from the GroceryStoreDataset (MIT), by the code in this repository."


class Tail(nn.Module):
    """From the end of stage 5 to the pooled head, batch norms with their published statistics."""

    def __init__(self, weights):
        super().__init__()
        wide, last = 6 * LITE2.stages[5].channels, LITE2.stages[6].channels
        self.layers = nn.ModuleDict()
        for name, norm, given, made, size, groups in (
            (f"{_BLOCK}_expand_conv", f"{_BLOCK}_bn0", LITE2.stages[5].channels, wide, 1, 1),
            (f"{_BLOCK}_depthwise_conv", f"{_BLOCK}_bn1", wide, wide, 3, wide),
            (f"{_BLOCK}_project_conv", f"{_BLOCK}_bn2", wide, last, 1, 1),
            ("_conv_head", "_bn1", last, 1280, 1, 1),
        ):
            conv = nn.Conv2d(given, made, size, padding=size // 2, groups=groups, bias=False)
            conv.weight.data = torch.tensor(weights[f"{name}.weight"])
            batch = nn.BatchNorm2d(made, eps=1e-3)
            for part in ("weight", "bias", "running_mean", "running_var"):
                getattr(batch, part).data = torch.tensor(weights[f"{norm}.{part}"])
            self.layers[_key(name)], self.layers[_key(norm)] = conv, batch.eval()

    def train(self, mode=True):
        return self

    def forward(self, maps):
        for name, norm, bounded in (
            (f"{_BLOCK}_expand_conv", f"{_BLOCK}_bn0", True), (f"{_BLOCK}_depthwise_conv", f"{_BLOCK}_bn1", True),
            (f"{_BLOCK}_project_conv", f"{_BLOCK}_bn2", False), ("_conv_head", "_bn1", True),
        ):  # fmt: skip
            maps = self.layers[_key(norm)](self.layers[_key(name)](maps))
            maps = maps.clamp(0, 6) if bounded else maps
        return maps.mean((2, 3))

    def tensors(self):
        """What was taught, by the names of the checkpoint."""
        found = {}
        for key, layer in self.layers.items():
            found[f"{_name(key)}.weight"] = layer.weight.detach().numpy()
            if isinstance(layer, nn.BatchNorm2d):
                found[f"{_name(key)}.bias"] = layer.bias.detach().numpy()
        return found


def _key(name):
    return name.replace(".", "/")


def _name(key):
    return key.replace("/", ".")


def read_maps(products, weights):
    """(maps, colours) of every photo and of its mirror image, and the product of each photo."""
    graph = GraphWriter()
    planes = add_square(graph, "image", SIDE_PX)
    (tap,) = add_backbone(graph, planes, weights, SIDE_PX, (5,), LITE2)
    graph.node("Identity", tap.name, named="maps")
    small = graph.node("AveragePool", planes, kernel_shape=[4, 4], strides=[4, 4])
    graph.node("Identity", add_colours(graph, small), named="colours")
    shape = (1, tap.channels, tap.grid, tap.grid)
    ports = [Port("maps", np.float32, shape), Port("colours", np.float32, (1, 256))]
    model = graph.model([Port("image", np.uint8, ("height", "width", 3))], ports)
    specs = TensorSpec("maps", "float32", shape), TensorSpec("colours", "float32", (1, 256))
    session = Session(
        model.SerializeToString(), Card("maps", "1", "maps", (IMAGE,), specs, "teaching", WEIGHTS_LICENCE)
    )
    views, labels = ([], []), []
    for name, photos in products.items():
        print(f"\rreading {name:40}", end="", file=sys.stderr)  # noqa: T201
        for path in photos:
            picture = read_picture(path)
            for view, image in zip(views, (picture, np.ascontiguousarray(picture[:, ::-1])), strict=True):
                found = session.run({IMAGE.name: image})
                view.append((found["maps"][0].astype(np.float16), found["colours"][0]))
            labels.append(name)
    return [(np.stack([m for m, _ in view]), np.stack([c for _, c in view])) for view in views], np.array(labels)


def teach(tail, views, labels, said):
    """Teaches `tail` in place; `said` are the pooled parts before it, to begin each product's direction from."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    names, wanted = np.unique(labels, return_inverse=True)
    middle = torch.from_numpy(said.mean(0)).float()
    first = np.stack([said[wanted == index].mean(0) for index in range(len(names))]) - said.mean(0)
    directions = nn.Parameter(functional.normalize(torch.from_numpy(first)).float())
    taught = [p for p in tail.parameters() if p.requires_grad]
    groups = [{"params": taught, "lr": 3e-4}, {"params": [directions], "lr": 2e-3}]
    optimiser = torch.optim.AdamW(groups, weight_decay=1e-2)
    steps = EPOCHS * len(labels) // BATCH
    rates = torch.optim.lr_scheduler.OneCycleLR(optimiser, [6e-4, 3e-3], total_steps=steps, pct_start=0.15)
    for step in range(steps):
        rows = rng.integers(0, len(labels), BATCH // 2).tolist()
        rows += [int(rng.choice(np.flatnonzero(wanted == one))) for one in rng.integers(0, len(names), BATCH // 2)]
        side = int(rng.integers(6, 11))
        y, x = int(rng.integers(0, 11 - side)), int(rng.integers(0, 11 - side))
        maps = np.stack([views[int(rng.random() >= 0.5)][0][row][:, y : y + side, x : x + side] for row in rows])
        given = torch.from_numpy(maps.astype(np.float32)) * (1 + 0.08 * torch.randn(len(rows), 1, 1, 1))
        share, order = float(rng.beta(0.3, 0.3)), torch.randperm(len(rows))
        pooled = tail(share * given + (1 - share) * given[order])
        made = functional.normalize(functional.normalize((pooled + 1e-4).sqrt()) - middle)
        scores = TEMPERATURE * made @ functional.normalize(directions).T
        right = torch.from_numpy(wanted[rows])
        loss = share * functional.cross_entropy(scores, right, label_smoothing=0.1)
        loss = loss + (1 - share) * functional.cross_entropy(scores, right[order], label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(taught, 2.0)
        optimiser.step()
        rates.step()
        print(f"\rteaching {step + 1} of {steps}, loss {float(loss):.2f}   ", end="", file=sys.stderr)  # noqa: T201


def say(tail, maps, colours):
    """What the graph says of pictures before the projection (core/learning/embedding.py), rows x width."""
    rows = []
    with torch.no_grad():
        for first in range(0, len(maps), 64):
            some = torch.from_numpy(maps[first : first + 64].astype(np.float32))
            pooled = functional.normalize(tail(some).clamp(min=0).sqrt())
            spread = some.flatten(2).std(2, unbiased=False)
            middle = functional.normalize(torch.cat([some.mean((2, 3)), spread], 1))
            shares = np.sqrt(colours[first : first + 64])
            parts = (pooled.numpy(), middle.numpy(), shares / np.linalg.norm(shares, axis=1, keepdims=True))
            rows.append(np.concatenate([weight * part for weight, part in zip(PARTS, parts, strict=True)], 1))
    return np.concatenate(rows)


def project(said, labels):
    """The projection of rows that were said of photos and their mirror images."""
    names, wanted = np.unique(labels, return_inverse=True)
    means = np.stack([said[wanted == index].mean(0) for index in range(len(names))])
    within = said - means[wanted]
    covariance = within.T @ within / len(within)
    width = len(covariance)
    drawn = (1 - DRAWN) * covariance + DRAWN * np.trace(covariance) / width * np.eye(width)
    whitener = np.linalg.inv(np.linalg.cholesky(drawn)).T
    centre = said.mean(0)
    _, directions = np.linalg.eigh(np.cov(((said - centre) @ whitener).T))
    return Projection(
        centre.astype(np.float32), (whitener @ directions[:, ::-1][:, :DIMENSIONS]).astype(np.float32)
    )  # fmt: skip


def make(products, folder, hold_out=0, queries=None):
    """Writes `learnt.npz`, card and golden vectors to `folder`; prints the figures where there are queries."""
    weights = read_weights(LITE2)
    views, labels = read_maps(products, weights)
    names = np.unique(labels)
    new = set(np.random.default_rng(SEED).permutation(names)[:hold_out].tolist())
    taught_by = np.array([label not in new for label in labels])
    tail = Tail(weights)
    known = [(maps[taught_by], colours[taught_by]) for maps, colours in views]
    teach(tail, known, labels[taught_by], say(tail, *known[0])[:, :1280])
    said = [say(tail, *view) for view in views]
    projection = project(
        np.concatenate([rows[taught_by] for rows in said]), np.concatenate([labels[taught_by]] * 2)
    )  # fmt: skip
    if queries is not None:
        _tell(tail, projection, said, labels, new, read_maps(queries, weights))
    if folder is None:
        return
    learnt = Learnt(tail.tensors(), projection)
    provenance = {
        "origin": ORIGIN,
        "data": "GroceryStoreDataset, training photos, MIT (Klasson, Zhang and Kjellstrom, 2019)",
        "photos": len(labels), "products": len(names), "held_out": hold_out, "seed": SEED, "epochs": EPOCHS,
        "made_by": "python -m retail.training.product_model --photos DIR --into retail/models/products",
    }  # fmt: skip
    write_package(folder, learnt, provenance)


def write_package(folder, learnt, provenance):
    """What is committed: all but the graph, which each box makes itself."""
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / LEARNT, write_learnt(learnt))
    kept = read_learnt(folder / LEARNT)  # as the box will read it: in halves
    files = product_files(product_card(kept, VERSION, _LICENCE, provenance), kept)
    for name in ("card.toml", "golden.npz"):
        write_file(folder / name, files[name])


def _tell(tail, projection, said, labels, new, asked):
    (views, wanted) = asked
    turned = [(rows - projection.centre) @ projection.matrix for rows in said]
    question = (say(tail, *views[0]) - projection.centre) @ projection.matrix
    gallery = Gallery()
    for name in np.unique(labels):
        photos = np.stack([rows[labels == name] for rows in turned], axis=1).astype(np.float32)
        gallery = gallery.with_product(name, photos[:NEW_PHOTOS] if name in new else photos)
    head = learn(gallery)
    found = np.array(head.names)[head.likenesses(question.astype(np.float32)).argmax(1)]
    fresh = np.isin(wanted, sorted(new))
    print(f"\nall {np.mean(found == wanted):.4f}")  # noqa: T201
    if fresh.any():
        right = found == wanted
        print(f"new {right[fresh].mean():.4f} of {fresh.sum()}, others {right[~fresh].mean():.4f}")  # noqa: T201


def main():
    parser = argparse.ArgumentParser(description="Remakes what the product embedding has learnt.")
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--hold-out", type=int, default=0)
    options = parser.parse_args()
    queries = product_photos(options.queries) if options.queries else None
    make(product_photos(options.photos), options.into, options.hold_out, queries)


if __name__ == "__main__":
    main()

from __future__ import annotations

from dataclasses import replace

from retail.codes.sgtin import decode
from simulators.store_facts import BACKROOM, FLOOR
from simulators.store_settings import HOUR_S, WorldSettings
from simulators.store_tags import LEVELS_DBM, Tags
from simulators.store_world import World


def test_every_tagged_piece_has_a_tag_where_it_is_and_keeps_it() -> None:
    settings = replace(WorldSettings(), products=12, demand=6.0, tagged_share=1.0)
    world = World(settings, 1)
    tags, seen = Tags(world.products), dict[bytes, str]()
    for hour in range(0, 72, 3):
        world.advance(settings.begin_utc_s + hour * HOUR_S)
        tags.follow(world)
        heard = tags(0.0)
        epcs = [epc for epc, _ in heard]
        assert len(set(epcs)) == len(epcs)
        for place in (FLOOR, BACKROOM):
            there = [decode(epc).gtin for epc, levels in heard if levels is LEVELS_DBM[place]]
            for product in world.products:
                truly = world.on_hand(product.gtin, place) + (world.astray(product.gtin) if place == FLOOR else 0)
                assert there.count(product.gtin) == truly, (hour, product.name, place)
        gone = [epc for epc in seen if epc not in epcs]
        seen = {epc: FLOOR if levels is LEVELS_DBM[FLOOR] else BACKROOM for epc, levels in heard}
        assert hour == 0 or len(gone) < len(seen), "most of the tags stay"

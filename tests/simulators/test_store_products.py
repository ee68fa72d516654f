"""The assortment."""

import pytest

from retail.stock.demand import DaySales
from simulators.store_products import assortment, gtin_14
from simulators.store_settings import WorldSettings

PRODUCTS = assortment(WorldSettings(), 1)


def test_check_digits_are_those_of_gs1() -> None:
    for product in PRODUCTS:
        digits = [int(digit) for digit in product.gtin]
        assert len(digits) == 14
        assert sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits)) % 10 == 0
    assert len({product.gtin for product in PRODUCTS}) == len(PRODUCTS)
    assert gtin_14(1) != gtin_14(2)


def test_a_week_and_a_day_add_up() -> None:
    for product in PRODUCTS:
        assert sum(product.week) == pytest.approx(7.0)
        assert sum(product.hours) == pytest.approx(1.0)
        assert sum(product.rate_per_hour(2, hour) for hour in range(24)) == pytest.approx(
            product.per_day * product.week[2]
        )
        assert not product.hours[3]


def test_slow_and_quick_movers_are_there_with_and_without_sensors() -> None:
    assert sum(product.per_day < 0.55 for product in PRODUCTS) > 20
    assert sum(product.per_day > 10 for product in PRODUCTS) > 10
    assert 0.6 < sum(product.camera for product in PRODUCTS) / len(PRODUCTS) < 0.9
    assert 0.15 < sum(product.tagged for product in PRODUCTS) / len(PRODUCTS) < 0.45


def test_a_product_is_mistaken_for_its_neighbour() -> None:
    for number, product in enumerate(PRODUCTS):
        assert PRODUCTS[product.sibling].category == product.category
        assert product.sibling != number


def test_every_weekday_of_sales_is_a_weekday() -> None:
    assert [DaySales(day % 7, 0.0).weekday for day in range(8)] == [0, 1, 2, 3, 4, 5, 6, 0]

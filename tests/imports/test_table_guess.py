"""Columns are recognised by their headers in many languages and by what stands in them."""

from __future__ import annotations

from itertools import permutations

import pytest
from tables import FACTS, HEADER, ITEMS, NAMES, guess, item_rows, roles, table, typed_columns

from mygo_cli.errors import UsageError
from mygo_cli.imports.table_columns import columns_of
from mygo_cli.imports.table_guess import refuse_unknown
from mygo_cli.imports.table_roles import FactTable, ItemTable
from mygo_cli.imports.table_words import fit

HEADERS = [
    ("head", "relation", "tail"),
    ("Subject", "Predicate", "Object"),
    ("source_id", "type", "target_id"),
    ("头实体", "关系", "尾实体"),
    ("主语", "谓语", "宾语"),
    ("主語", "述語", "目的語"),
    ("주어", "관계", "목적어"),
    ("Quelle", "Beziehung", "Ziel"),
    ("sujet", "relation", "objet"),
    ("sujeto", "predicado", "objeto"),
    ("субъект", "отношение", "объект"),
    (":START_ID", ":TYPE", ":END_ID"),
]


@pytest.mark.parametrize("header", HEADERS, ids=" ".join)
def test_words_of_facts_in_any_order(header):
    for order in permutations(range(3)):
        rows = [[fact[place] for place in order] for fact in FACTS[:2]]
        (found,) = guess(table([header[place] for place in order], rows))
        assert isinstance(found, FactTable)
        assert [found.head.name, found.relation.name, found.tail.name] == list(header)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_cells_tell_the_relation_where_words_do_not(order):
    rows = [[fact[place] for place in order] for fact in FACTS]
    (found,) = guess(table(["x", "y", "z"], rows))
    assert isinstance(found, FactTable)
    assert set(found.relation.cells) == {"goes with", "made by"}
    assert found.head.place < found.tail.place


def test_of_two_that_may_be_the_relation_it_is_the_one_in_between():
    ways, sayers = ["made of", "is in", "is near", "MADE OF"], ["Li", "Wu", "Ann"]
    rows = [[f"k{n // 3}", ways[n % 4], f"k{n // 2}", sayers[n % 3]] for n in range(200)]
    (found,) = guess(table(["Object A", "how related", "Object B", "who says"], rows))
    assert roles(found) == {"head": "Object A", "relation": "how related", "tail": "Object B"}


def test_other_columns_of_facts_are_left_out():
    rows = [[str(n), *fact, "0.9", "wiki"] for n, fact in enumerate(FACTS)]
    header = ["nr", "from", "kind", "to", "score", "source"]
    (found,) = guess(table(header, rows))
    assert roles(found) == {"head": "from", "relation": "kind", "tail": "to"}
    assert [column.name for _, column in found.unused] == ["nr", "score", "source"]


@pytest.mark.parametrize(
    "header",
    [
        HEADER,
        ["商品编号", "名称", "描述", "图片", "颜色", "价格"],
        ["Artikelnummer", "Bezeichnung", "Produktbeschreibung", "Bild", "Farbe", "Preis"],
        ["référence", "titre", "descriptif", "photo", "couleur", "prix"],
        ["a", "b", "c", "d", "e", "f"],
    ],
    ids=" ".join,
)
def test_items_in_any_order(header):
    for order in ((0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (4, 2, 5, 0, 3, 1)):
        rows = [[row[place] for place in order] for row in item_rows()]
        (found,) = guess(table([header[place] for place in order], rows))
        assert isinstance(found, ItemTable)
        if header[0] == "a" and order[0] != 0:
            continue  # without words and in another order, the names might be the ids
        assert found.id.name == header[0]
        assert found.text is not None
        assert found.text.name == header[2]
        assert [column.name for column in found.images] == [header[3]]
        assert [(column.name, mark) for column, mark in found.relations] == [(header[4], ";")]
        assert [(why, column.name) for why, column in found.unused] == [
            ("numbers or dates", header[5])
        ]
        assert header[0] == "a" or found.name is not None


def test_items_are_called_as_the_facts_call_them():
    names = dict(zip(ITEMS, NAMES, strict=True))
    named = [(names[head], relation, names.get(tail, tail)) for head, relation, tail in FACTS]
    facts = table(["a", "b", "c"], named, "facts.csv")
    items = table(HEADER, item_rows(), "items.csv")
    assert roles(guess(items, facts)[0])["entity"] == "Name"
    assert roles(guess(items, facts)[0])["other id"] == "sku"
    by_id = table(["a", "b", "c"], FACTS, "facts.csv")
    assert roles(guess(by_id, items)[1])["entity"] == "sku"


def test_two_columns_are_one_relation():
    (found,) = guess(table(["country", "capital"], [["Kenya", "Nairobi"], ["Peru", "Lima"]]))
    assert roles(found) == {"entity": "country", "relation": "capital"}


def test_numbers_are_relations_when_they_are_asked_for():
    (found,) = guess(table(HEADER, item_rows()), relation=("price",), skip=("Colour",))
    assert roles(found)["relation"] == "Price"
    assert [(why, column.name) for why, column in found.unused] == [("not asked for", "Colour")]


def test_numbers_called_ids_are_relations():
    rows = [[str(n), str(n % 3), str(n % 2)] for n in range(9)]
    (found,) = guess(table(["id", "parent_id", "size"], rows))
    assert roles(found) == {"entity": "id", "relation": "parent_id"}


def test_numbers_that_are_ids_of_other_items_are_relations():
    rows = [[str(1000 + n), str(1000 + n * 7 % 9), str(n)] for n in range(9)]
    (found,) = guess(table(["Artikelnummer", "Zubehör", "Menge"], rows))
    assert roles(found) == {"entity": "Artikelnummer", "relation": "Zubehör"}


def test_numbers_beside_facts_do_not_make_items_of_them():
    rows = [
        [f"2024-01-0{n}", f"u{n % 4}", f"{n}.5", "buy" if n % 3 else "see", f"i{n % 5}"]
        for n in range(9)
    ]
    (found,) = guess(table(["timestamp", "user_id", "amount", "action", "item_id"], rows))
    assert roles(found) == {"head": "user_id", "relation": "action", "tail": "item_id"}


def test_typed_columns_overrule():
    header = ["head", "relation", "tail"]
    (found,) = guess(table(header, FACTS), head="tail", tail="head")
    assert roles(found) == {"head": "tail", "relation": "relation", "tail": "head"}
    (found,) = guess(table(header, FACTS), id="head")
    assert roles(found) == {"entity": "head", "relation": "relation+tail"}
    items = table(HEADER, item_rows())
    (found,) = guess(items, id="Name", name="sku", text="Colour", image=("Picture",), separator="")
    expected = {"entity": "Name", "display name": "sku", "description": "Colour"}
    assert roles(found).items() >= expected.items()


def test_a_separator_of_ones_own():
    rows = [[item, "a、b"] for item in ITEMS]
    (found,) = guess(table(["id", "colours"], rows), separator="、")
    assert isinstance(found, ItemTable)
    assert [mark for _, mark in found.relations] == ["、"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"head": "haed"}, r"--head haed: no table has such a column\. Did you mean head\?"),
        ({"skip": ("x",)}, r"--skip x: no table has such a column\. There are: head, relation"),
    ],
)
def test_columns_that_are_not_there(typed, message):
    with pytest.raises(UsageError, match=message):
        refuse_unknown(typed_columns(**typed), [table(["head", "relation", "tail"], FACTS)])


def test_too_few_columns_for_what_was_typed():
    with pytest.raises(UsageError, match=r"t\.csv: no columns for head, relation and tail\. Name"):
        guess(table(["a", "b"], [["x", "y"]]), head="a")


def test_what_cells_look_like():
    cells = {
        "numbers": ["1", "-2.5", "1 200,00 €", "12 cm"],
        "dates": ["2024-05-01", "1/5/2024", "3.4.20", "2024-05-01 12:30:00"],
        "codes": ["A1", "B2", "4 chairs", "M8x20"],
        "pictures": ["a.png", "b.JPG; c.webp", "https://x.org/d.jpeg?w=3", "e, f.png"],
        "chinese": [
            "这是一个很长的句子，用来描述这件商品的材料和颜色。",
            *["另一个更长的句子，讲它的历史。" * 2] * 3,
        ],
    }
    columns = columns_of(table(list(cells), list(zip(*cells.values(), strict=True))))
    found = {each.name: (each.numeric, each.pictures, each.long_text) for each in columns}
    assert found == {
        "numbers": (True, False, False),
        "dates": (True, False, False),
        "codes": (False, False, False),
        "pictures": (False, True, False),
        "chinese": (False, False, True),
    }


def test_words_within_words():
    assert fit("product_id", "id") == 1
    assert fit("productId", "id") == 1
    assert fit("Produktbeschreibung", "text") == 1
    assert fit("商品描述", "text") == 1
    assert fit("year of origin", "head") == 0
    assert fit("", "id") == 0


def test_two_tables_of_the_same_file_name():
    first, second = (
        table(["head", "relation", "tail"], rows, f"{folder}/facts.csv")
        for folder, rows in (("a", FACTS[:4]), ("b", FACTS[4:]))
    )
    assert [each.table for each in guess(first, second)] == [first, second]


PRODUCTS = table(
    ["product id", "title", "maker"],
    [[f"P-{n}", f"Thing {n}", f"M{n % 3:02}"] for n in range(9)],
    "products.csv",
)
MAKERS = table(
    ["maker id", "maker name", "country", "best product"],
    [[f"M{n:02}", f"Firm {n}", "Japan", f"P-{n}"] for n in range(3)],
    "makers.csv",
)
ABOUT_PRODUCTS = table(
    ["subject", "relation", "object"], [[f"P-{n}", "goes with", f"P-{n + 1}"] for n in range(8)]
)


@pytest.mark.parametrize("order", list(permutations([ABOUT_PRODUCTS, PRODUCTS, MAKERS])))
def test_a_column_that_refers_to_items_of_another_table_is_not_the_id(order):
    found = {each.table.name: roles(each) for each in guess(*order)}
    assert found["makers.csv"]["entity"] == "maker id"
    assert found["makers.csv"]["relation"] == "country+best product"
    assert found["products.csv"]["entity"] == "product id"


def test_a_column_that_refers_to_what_facts_are_about_is_not_the_id():
    _, makers = map(roles, guess(ABOUT_PRODUCTS, MAKERS))
    assert makers["entity"] == "maker id"
    assert makers["relation"] == "country+best product"


def test_what_several_rows_say_is_not_the_id_though_facts_are_about_it():
    staff = table(
        ["employee id", "name", "department"],
        [[f"E{n}", f"Ann {n}", f"D{n % 2}"] for n in range(6)],
        "staff.csv",
    )
    facts = table(["head", "relation", "tail"], [["D0", "part of", "D1"], ["D1", "leads", "D0"]])
    assert roles(guess(facts, staff)[1])["entity"] == "employee id"


def test_each_table_has_a_typed_column_of_its_own():
    typed = {"id": ("title", "maker name"), "name": ("maker id", "product id")}
    products, makers = map(roles, guess(PRODUCTS, MAKERS, **typed))
    assert (products["entity"], products["display name"]) == ("title", "product id")
    assert (makers["entity"], makers["display name"]) == ("maker name", "maker id")


def test_two_typed_columns_of_one_table():
    with pytest.raises(UsageError, match=r"products\.csv has product id and title.*--id out"):
        guess(PRODUCTS, id=("product id", "title"))

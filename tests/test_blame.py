"""A difference is blamed on the line that made the object what it is, or failed to undo it."""

from __future__ import annotations

import pytest

from labkit.compare import Difference, compare
from labkit.judging.blame import Sent, blame, blame_rows
from labkit.judging.effect import effects
from labkit.judging.history import Revision
from labkit.observation import Statement
from tests.world import sent, state

CREATE = "CREATE TABLE products (id SERIAL NOT NULL, name VARCHAR(9) NOT NULL, PRIMARY KEY (id))"


def chain(*texts: str, revision: str = "0001", direction: str = "upgrade") -> list[Statement]:
    """Statements of one way of a revision, on the lines 1, 2, 3 and so on of its file."""
    file = f"{revision}.py"
    return [
        sent(text, line, file=file, revision=revision, direction=direction)
        for line, text in enumerate(texts, 1)
    ]


def column(change: str = "changed", name: str = "products.sku", part: str = "type") -> Difference:
    there = None if change == "missing" else "text"
    wanted = None if change == "unexpected" else "varchar(9)"
    return Difference("column", name, change, part if change == "changed" else None, wanted, there)


def place(difference: Difference, *statements: Statement, **known: object) -> str:
    return str(blame(difference, Sent(statements, **known)))  # type: ignore[arg-type]


ADD = "ALTER TABLE products ADD COLUMN sku TEXT"
INDEX = "CREATE INDEX ix ON products (sku)"


def test_a_changed_column_is_blamed_on_the_last_line_that_defined_it() -> None:
    statements = chain(CREATE, ADD, "ALTER TABLE products ALTER COLUMN sku TYPE TEXT", INDEX)
    assert place(column(), *statements) == "0001.py:3"
    assert place(column(), *statements[:2], *statements[3:]) == "0001.py:2"


@pytest.mark.parametrize(
    "other",
    [
        INDEX,
        "ALTER TABLE products ADD CONSTRAINT c CHECK (sku <> '')",
        "ALTER TABLE products ADD FOREIGN KEY(sku) REFERENCES skus (sku)",
        "ALTER TABLE orders ADD COLUMN sku TEXT",
        "INSERT INTO products (sku) VALUES ('a')",
        "UPDATE products SET sku = 'x'",
        "COMMENT ON COLUMN products.sku IS 'unit'",
        "ALTER TABLE products ADD COLUMN note TEXT DEFAULT 'ADD COLUMN sku'",
        "-- ALTER TABLE products DROP COLUMN sku\nSELECT 1",
    ],
)
def test_a_statement_that_only_names_a_column_did_not_make_it(other: str) -> None:
    assert place(column(), *chain(CREATE, ADD, other)) == "0001.py:2"


def test_a_column_can_come_with_its_table() -> None:
    statements = chain(CREATE, ADD)
    assert place(column(name="products.name"), *statements) == "0001.py:1"


def test_a_wrong_comment_is_blamed_on_the_comment() -> None:
    statements = chain(ADD, "COMMENT ON COLUMN products.sku IS 'unit'", INDEX)
    assert place(column(part="comment"), *statements) == "0001.py:2"


def test_a_missing_column_is_blamed_on_the_line_that_dropped_it() -> None:
    statements = chain(CREATE, ADD, "ALTER TABLE products DROP COLUMN sku", INDEX)
    assert place(column("missing"), *statements) == "0001.py:3"


def test_a_renamed_column_is_blamed_on_the_line_that_renamed_it() -> None:
    renaming = "ALTER TABLE products RENAME sku TO code"
    statements = chain(ADD, renaming, INDEX)
    difference = Difference("column", "products.sku", "renamed", None, "sku", "code")
    assert place(difference, *statements) == "0001.py:2"
    assert place(column("missing"), *statements) == "0001.py:2"


def test_a_column_that_nobody_made_is_missing_from_its_table() -> None:
    assert place(column("missing"), *chain(CREATE, INDEX)) == "0001.py:1"


def test_a_column_that_nobody_made_is_missing_from_what_the_newest_revision_does() -> None:
    mine = chain("ALTER TABLE products ADD COLUMN skew TEXT", "SELECT 1", revision="0002")
    assert place(column("missing"), *chain(CREATE), *mine) == "0002.py:1"


def test_a_newest_revision_about_something_else_has_nothing_to_do_with_it() -> None:
    other = chain("ALTER TABLE orders ADD COLUMN skew TEXT", revision="0002")
    assert place(column("missing"), *chain(CREATE), *other) == "0001.py:1"


def test_a_table_made_of_a_query_has_columns_that_nobody_names() -> None:
    query = "CREATE TABLE products AS SELECT * FROM old_products"
    assert place(column(), *chain(query, INDEX, "SELECT 1")) == "0001.py:1"


def test_a_constraint_of_the_same_name_is_no_column() -> None:
    add = "ALTER TABLE products ADD CONSTRAINT sku CHECK (id > 0)"
    assert place(column(), *chain(ADD, add)) == "0001.py:1"
    difference = Difference("check constraint", "products.sku", "changed", None, "a", "b")
    assert place(difference, *chain(add, ADD)) == "0001.py:1"


def test_a_table_made_anew_without_a_column_lost_it() -> None:
    down = chain("CREATE TABLE products (id INTEGER)", revision="0002", direction="downgrade")
    assert place(column("missing"), *chain(CREATE, ADD), *down) == "0002.py:1"


def test_of_two_tables_in_two_schemas_the_right_one_is_meant() -> None:
    there = "ALTER TABLE shop.products ADD COLUMN sku TEXT"
    quoted = 'ALTER TABLE "public"."products" ADD COLUMN "sku" TEXT'
    statements = chain(quoted, there)
    assert place(column(), *statements) == "0001.py:1"
    assert place(column(name="shop.products.sku"), *statements) == "0001.py:2"


def test_names_in_quotes_are_told_from_those_without() -> None:
    odd = 'ALTER TABLE "Products" ADD COLUMN "Sku No" TEXT'
    statements = chain(ADD, odd)
    assert place(column(name='"Products"."Sku No"'), *statements) == "0001.py:2"
    assert place(column(), *statements) == "0001.py:1"


@pytest.mark.parametrize("change", ["unexpected", "changed"])
def test_an_index_is_blamed_on_the_line_that_made_it(change: str) -> None:
    difference = Difference("index", "products.ix", change, None, None, "(sku)")
    assert place(difference, *chain(CREATE, ADD, INDEX, ADD)) == "0001.py:3"


def test_a_missing_index_is_blamed_on_the_line_that_dropped_it() -> None:
    difference = Difference("unique index", "products.ix", "missing", None, "(sku)", None)
    statements = chain(CREATE, INDEX, "DROP INDEX CONCURRENTLY IF EXISTS public.ix", ADD)
    assert place(difference, *statements) == "0001.py:3"


def test_a_constraint_with_a_name_is_blamed_on_the_line_that_names_it() -> None:
    difference = Difference("check constraint", "products.ck", "changed", None, "a", "b")
    add = "ALTER TABLE products ADD CONSTRAINT ck CHECK (id > 0)"
    assert place(difference, *chain(CREATE, add, ADD)) == "0001.py:2"
    drop = "ALTER TABLE products DROP CONSTRAINT IF EXISTS ck"
    difference = Difference("check constraint", "products.ck", "missing", None, "a", None)
    assert place(difference, *chain(CREATE, add, drop, ADD)) == "0001.py:3"


def test_a_constraint_that_postgresql_named_is_found_by_what_it_says() -> None:
    table = "CREATE TABLE orders (id INTEGER, product_id INTEGER, customer_id INTEGER)"
    foreign = "ALTER TABLE orders ADD FOREIGN KEY(product_id) REFERENCES products (id)"
    other = "ALTER TABLE orders ADD FOREIGN KEY(customer_id) REFERENCES customers (id)"
    words = "(product_id) REFERENCES products (id) ON DELETE CASCADE"
    difference = Difference(
        "foreign key", "orders.orders_product_id_fkey", "changed", "on delete", words, words
    )
    assert place(difference, *chain(table, foreign, other)) == "0001.py:3"


def test_a_table_is_blamed_on_the_line_that_made_or_dropped_it() -> None:
    statements = chain(CREATE, ADD, "DROP TABLE orders, products", INDEX)
    for change in ("missing", "unexpected"):
        difference = Difference("table", "products", change, None, "", "")
        assert place(difference, *statements) == "0001.py:3"
    difference = Difference("table", "products", "unexpected", None, None, "")
    assert place(difference, *chain("SELECT 1", CREATE, INDEX)) == "0001.py:2"


def test_the_order_of_columns_is_blamed_on_the_last_line_about_the_table() -> None:
    difference = Difference("table", "products", "changed", "column order", "a, b", "b, a")
    assert place(difference, *chain(CREATE, ADD, INDEX)) == "0001.py:2"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("enum", "CREATE TYPE status AS ENUM ('new')"),
        ("enum", "ALTER TYPE status ADD VALUE 'sent'"),
        ("sequence", "CREATE SEQUENCE IF NOT EXISTS status"),
        ("function", "CREATE OR REPLACE FUNCTION status() RETURNS trigger AS $$ DROP $$"),
        ("view", "CREATE MATERIALIZED VIEW status AS SELECT 1"),
        ("schema", "CREATE SCHEMA status"),
        ("enum", "SELECT 1; CREATE TYPE public.status AS ENUM ('a;b')"),
    ],
)
def test_an_object_of_its_own_is_blamed_on_the_line_that_names_it(kind: str, text: str) -> None:
    difference = Difference(kind, "status", "unexpected", None, None, "")
    assert place(difference, *chain(CREATE, text, "SELECT status FROM orders")) == "0001.py:2"


def test_a_trigger_belongs_to_its_table() -> None:
    difference = Difference("trigger", "products.touch", "changed", None, "", "")
    other = "CREATE TRIGGER touch BEFORE UPDATE ON orders EXECUTE FUNCTION f()"
    mine = "CREATE TRIGGER touch BEFORE UPDATE ON products EXECUTE FUNCTION f()"
    assert place(difference, *chain(mine, other)) == "0001.py:1"


# The way back

ENUM = Difference("enum", "status", "unexpected", None, None, "(new)")
TYPE = "CREATE TYPE status AS ENUM ('new')"


def test_what_the_way_back_leaves_behind_is_its_fault() -> None:
    up = chain(TYPE, CREATE)
    down = chain("DROP INDEX ix", "DROP TABLE products", direction="downgrade")
    assert place(ENUM, *up, *down) == "0001.py:2"
    assert place(ENUM, *up, *down, *chain(TYPE)) == "0001.py:1"


def test_what_the_way_back_does_not_restore_is_the_fault_of_its_line_on_the_table() -> None:
    up = chain(CREATE, "ALTER TABLE products ALTER COLUMN name TYPE TEXT")
    down = chain(
        "DROP TABLE x", "ALTER TABLE products DROP COLUMN y", "DROP TABLE z", direction="downgrade"
    )
    assert place(column(name="products.name"), *up, *down) == "0001.py:2"


def test_the_way_back_of_another_revision_is_not_to_blame() -> None:
    down = chain("DROP TABLE x", revision="0002", direction="downgrade")
    assert place(column(), *chain(CREATE, ADD), *down) == "0001.py:2"


REVISIONS = [
    Revision("0001", "0001.py", (), places=(("revision", 1), ("downgrade", 30))),
    Revision("0002", "0002.py", ("0001",), places=(("revision", 1), ("downgrade", 40))),
    Revision("0003", "0003.py", ("0002",)),
]


def test_a_way_back_that_sends_nothing_is_to_blame_itself() -> None:
    dropped = chain("ALTER TABLE products DROP COLUMN sku", revision="0002")
    known = {"revisions": REVISIONS, "versions": frozenset(["0001"])}
    assert place(column("missing"), *chain(CREATE, ADD), *dropped, **known) == "0002.py:40"


def test_a_revision_that_is_still_applied_did_not_go_back() -> None:
    dropped = chain("ALTER TABLE products DROP COLUMN sku", revision="0002")
    for version in ("0002", "0003"):
        known = {"revisions": REVISIONS, "versions": frozenset([version])}
        assert place(column("missing"), *dropped, **known) == "0002.py:1"


def test_a_revision_without_a_way_back_is_blamed_for_what_it_did() -> None:
    dropped = chain("SELECT 1", "ALTER TABLE products DROP COLUMN sku", revision="0003")
    known = {"revisions": REVISIONS, "versions": frozenset(["0001"])}
    assert place(column("missing"), *dropped, **known) == "0003.py:2"


# Rows

ROW = Difference("row", "products row id=1", "changed", "name", "'a'", "'b'")


def test_a_changed_row_is_blamed_on_the_last_line_that_wrote_the_column() -> None:
    statements = chain(
        CREATE,
        "INSERT INTO products (name) VALUES ('b')",
        "UPDATE ONLY products SET name = upper(name)",
        "UPDATE products SET price = 1",
        "UPDATE orders SET name = 'x'",
    )
    assert place(ROW, *statements) == "0001.py:3"


def test_a_column_called_comment_is_a_column() -> None:
    difference = Difference("row", "products row id=1", "changed", "comment", "'a'", "'b'")
    statements = chain(
        CREATE,
        "UPDATE products SET comment = 'b'",
        "COMMENT ON COLUMN products.comment IS 'c'",
    )
    assert place(difference, *statements) == "0001.py:2"


def test_a_column_added_again_has_changed_the_rows() -> None:
    statements = chain(
        "INSERT INTO products (name) VALUES ('b')", "ALTER TABLE products ADD COLUMN name TEXT"
    )
    assert place(ROW, *statements) == "0001.py:2"


@pytest.mark.parametrize(
    "text", ["DELETE FROM products", "TRUNCATE TABLE products CASCADE", "DROP TABLE products"]
)
def test_lost_rows_are_blamed_on_the_line_that_removed_them(text: str) -> None:
    statements = chain(CREATE, "INSERT INTO products VALUES (1)", text, INDEX)
    assert str(blame_rows("products", Sent(statements))) == "0001.py:3"


def test_a_program_of_the_page_may_have_written_the_rows() -> None:
    insert = sent("INSERT INTO shop.products VALUES (1)", 4, file="stock.py", revision=None)
    assert str(blame_rows("shop.products", Sent([*chain(CREATE), insert]))) == "stock.py:4"


# Nobody


def test_a_version_is_no_lines_fault() -> None:
    difference = Difference("alembic_version", "alembic_version", "changed", None, "1", "2")
    insert = sent("INSERT INTO alembic_version VALUES ('1')", 5)
    assert blame(difference, Sent([insert])) is None


def test_what_nobody_touched_is_nobodys_fault() -> None:
    assert blame(column("missing"), Sent([])) is None
    assert blame(column("missing"), Sent(chain("SELECT 1", "DROP TABLE orders"))) is None
    assert blame(ENUM, Sent(chain(CREATE))) is None


def test_differences_that_compare_makes_lead_to_their_lines() -> None:
    """The identities and kinds are those of the comparison itself."""
    expected = state("""\
        tables:
          orders:
            columns:
              id: {type: integer, nullable: false}
              note: {type: text}
        """)
    actual = state("""\
        tables:
          orders:
            columns:
              id: {type: bigint, nullable: false}
            constraints:
              orders_pkey: {primary key: [id]}
            indexes:
              ix_orders:
                columns: [id]
        enums:
          status: {values: [new]}
        """)
    statements = chain(
        "CREATE TABLE orders (id INTEGER NOT NULL, note TEXT)",
        "ALTER TABLE orders DROP COLUMN note",
        "ALTER TABLE orders ADD PRIMARY KEY (id)",
        "CREATE INDEX ix_orders ON orders (id)",
        TYPE,
        "ALTER TABLE orders ALTER COLUMN id TYPE BIGINT",
    )
    lines = {d.object: place(d, *statements) for d in compare(expected, actual)}
    assert lines == {
        "orders.note": "0001.py:2",
        "orders.id": "0001.py:6",
        "orders.orders_pkey": "0001.py:3",
        "orders.ix_orders": "0001.py:4",
        "status": "0001.py:5",
    }


# Effects


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        (";;", []),
        ("SELECT 1", []),
        ("CREATE", []),
        ("ALTER TABLE a", [("alter", "table", "a", "")]),
        ("ALTER TABLE a RENAME TO b",
         [("alter", "table", "a", ""), ("drop", "table", "a", ""), ("create", "table", "b", "")]),
        ("ALTER TABLE IF EXISTS ONLY a ADD b INT, DROP COLUMN IF EXISTS c",
         [("alter", "table", "a", ""), ("create", "column", "a", "b"),
          ("drop", "column", "a", "c")]),
        ("ALTER TABLE a ADD COLUMN b NUMERIC(1, 2), VALIDATE CONSTRAINT d",
         [("alter", "table", "a", ""), ("create", "column", "a", "b"),
          ("alter", "constraint", "a", "d")]),
        ("ALTER TABLE a RENAME CONSTRAINT b TO c",
         [("alter", "table", "a", ""), ("drop", "constraint", "a", "b"),
          ("create", "constraint", "a", "c")]),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.a (b)",
         [("create", "index", "s.a", "i")]),
        ("CREATE INDEX ON a (b)", []),
        ("ALTER INDEX i RENAME TO j", [("alter", "index", "", "i"), ("create", "index", "", "j")]),
        ("DROP TYPE IF EXISTS a, s.b CASCADE",
         [("drop", "type", "", "a"), ("drop", "type", "", "s.b")]),
        ("COMMENT ON TABLE a IS 'b'", [("comment", "table", "a", "")]),
        ("COMMENT ON COLUMN s.a.b IS NULL", [("comment", "column", "s.a", "b")]),
        ("COMMENT ON CONSTRAINT c ON a IS 'x'", [("comment", "constraint", "a", "c")]),
        ("insert into a values (1)", [("write", "rows", "a", "")]),
        ("TRUNCATE a, b", [("write", "rows", "a", ""), ("write", "rows", "b", "")]),
        ("/* DROP TABLE a; */ -- DROP TABLE b;\nDELETE FROM c", [("write", "rows", "c", "")]),
        ("CREATE TABLE a (b TEXT DEFAULT 'x; DROP TABLE y'); DROP TABLE c",
         [("create", "table", "a", ""), ("drop", "table", "c", "")]),
    ],
)  # fmt: skip
def test_what_a_statement_does_is_read_from_its_words(
    text: str, wanted: list[tuple[str, str, str, str]]
) -> None:
    assert [(e.verb, e.kind, e.table, e.name) for e in effects(text)] == wanted

"""A schema becomes a diagram that Mermaid reads, whatever its names are."""

from __future__ import annotations

from labkit.erd import diagram
from tests.world import state


def test_tables_columns_and_keys_are_drawn() -> None:
    schema = state("""\
        tables:
          customers:
            columns:
              id: {type: integer, nullable: false}
              email: {type: varchar(100)}
            constraints:
              customers_email_key: {unique: [email]}
              customers_pkey: {primary key: [id]}
          orders:
            columns:
              id: {type: integer, nullable: false}
              customer_id: {type: integer, nullable: false}
              referrer_id: {type: integer}
              total: {type: 'numeric(10,2)'}
              at: {type: double precision}
            constraints:
              a: {foreign key: [customer_id], references: customers (id)}
              b: {foreign key: [referrer_id], references: customers (id)}
              orders_pkey: {primary key: [id]}
        """)
    assert (
        diagram(schema)
        == """\
erDiagram
    customers {
        integer id PK
        varchar(100) email UK
    }
    orders {
        integer id PK
        integer customer_id FK
        integer referrer_id FK
        numeric(10_2) total
        double_precision at
    }
    customers ||--o{ orders : "customer_id"
    customers |o--o{ orders : "referrer_id"
"""
    )


def test_a_key_that_is_unique_leads_to_one_row_at_most() -> None:
    schema = state("""\
        tables:
          a:
            columns:
              id: {type: integer, nullable: false}
            constraints:
              a_pkey: {primary key: [id]}
              fk: {foreign key: [id], references: a (id)}
        """)
    assert 'a ||--o| a : "id"' in diagram(schema)


def test_names_that_are_no_words_are_quoted() -> None:
    schema = state("""\
        tables:
          shop."Order lines":
            columns:
              "unit price": {type: '"my type"'}
        """)
    assert diagram(schema) == (
        'erDiagram\n    "shop.Order lines" {\n        my_type unit_price\n    }\n'
    )


def test_an_empty_schema_is_an_empty_diagram() -> None:
    assert diagram(state("{}")) == "erDiagram\n"

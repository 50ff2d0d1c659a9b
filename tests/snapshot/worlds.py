"""Small schemas for property tests: made by chance, made in many ways, and changed by one thing."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

TYPES = {
    "integer": "7",
    "bigint": "0",
    "numeric(10,2)": "1.5",
    "text": "'a'",
    "varchar(20)": "'it''s'",
    "boolean": "true",
    "timestamptz": "now()",
    "jsonb": "'{}'",
    "text[]": "'{}'",
    "uuid": "gen_random_uuid()",
    "mood": "'ok'",
}
NAMES = ["id", "name", "Name", "select", "a b", "prïce", "x" * 63, "value", "zip", "n1", "n2", "n3"]
TABLES = ["products", "Orders", "user", "order lines", "schlüssel", "t1", "t2"]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Column:
    name: str
    kind: str
    nullable: bool
    default: bool

    @property
    def sql(self) -> str:
        words = [quoted(self.name), self.kind]
        words += [] if self.nullable else ["NOT NULL"]
        words += [f"DEFAULT {TYPES[self.kind]}"] if self.default else []
        return " ".join(words)


@dataclass
class Table:
    """A table whose first column is its key; ``more`` are constraints by name, ``indexes`` too."""

    name: str
    columns: list[Column]
    more: dict[str, str] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    comment: str = ""

    @property
    def sql(self) -> str:
        return quoted(self.name)


@dataclass
class World:
    """Tables in an order in which each refers only to those before it."""

    tables: list[Table]
    views: dict[str, str]

    def made(self, chance: random.Random | None = None) -> str:
        """The statements that make it; with ``chance``, in one of very many ways."""
        told = ["CREATE TYPE mood AS ENUM ('sad', 'ok')"]
        tables = list(self.tables)
        later: list[str] = []
        if chance:
            chance.shuffle(tables)
        for table in tables:
            told += _table(table, later, chance)
        if chance:
            chance.shuffle(later)
        # A foreign key needs the key that it refers to.
        later.sort(key=lambda line: "FOREIGN KEY" in line)
        views = list(self.views.items())
        if chance:
            chance.shuffle(views)
        told += [*later, *(f"CREATE VIEW {quoted(name)} AS {query}" for name, query in views)]
        return ";\n".join(told)


def _table(table: Table, later: list[str], chance: random.Random | None) -> list[str]:
    flip = chance.random if chance else lambda: 1.0
    told, columns, inside = [], [], []
    name = table.sql
    late = len(table.columns)
    for number, column in enumerate(table.columns):
        if flip() < 0.2:
            columns.append(f'"gone {number}" integer UNIQUE')
            later.append(f'ALTER TABLE {name} DROP COLUMN "gone {number}"')
        if number and late == len(table.columns) and flip() < 0.2:
            late = number
        if number < late:
            columns.append(column.sql)
    key = quoted(table.columns[0].name)
    constraints = {f"{table.name[:50]}_pkey": f"PRIMARY KEY ({key})", **table.more}
    made_as = name
    if flip() < 0.2:
        made_as = quoted(f"once {table.name}"[:60])
    items = list(constraints.items())
    if chance:
        chance.shuffle(items)
    added = []
    for title, words in items:
        if late < len(table.columns) or "FOREIGN KEY" in words or flip() < 0.5:
            added.append(f"ALTER TABLE {name} ADD CONSTRAINT {quoted(title)} {words}")
        else:
            inside.append(f"CONSTRAINT {quoted(title)} {words}")
    told.append(f"CREATE TABLE {made_as} ({', '.join([*columns, *inside])})")
    if made_as != name:
        told.append(f"ALTER TABLE {made_as} RENAME TO {name}")
    told += [f"ALTER TABLE {name} ADD COLUMN {column.sql}" for column in table.columns[late:]]
    later += added
    later += [f"CREATE {words}" for words in table.indexes.values()]
    if table.comment:
        later.append(f"COMMENT ON TABLE {name} IS '{table.comment}'")
    fillable = not table.more and all(c.nullable or c.default for c in table.columns)
    if fillable and flip() < 0.5:
        told.append(f"INSERT INTO {name} DEFAULT VALUES")
    return told


def world(chance: random.Random) -> World:
    """A schema by chance."""
    tables: list[Table] = []
    for name in chance.sample(TABLES, chance.randint(1, 4)):
        names = chance.sample(NAMES, chance.randint(2, 6))
        columns = [Column(names[0], "integer", False, True)]
        columns += [
            Column(other, chance.choice(list(TYPES)), chance.random() < 0.6, chance.random() < 0.4)
            for other in names[1:]
        ]
        table = Table(name, columns)
        first, last = quoted(names[0]), quoted(names[-1])
        if chance.random() < 0.5:
            table.more[f"{name} positive"] = f"CHECK ({first} > 0 AND {last} IS NOT NULL)"
        if chance.random() < 0.4:
            table.more[f"{name} twice"] = f"UNIQUE ({last}, {first})"
        if tables and chance.random() < 0.6:
            target = chance.choice(tables)
            actions = chance.choice(["", " ON DELETE CASCADE", " DEFERRABLE", " NOT VALID"])
            other = f"{target.sql} ({quoted(target.columns[0].name)})"
            table.more[f"{name} refers"] = f"FOREIGN KEY ({first}) REFERENCES {other}{actions}"
        if chance.random() < 0.6:
            order = chance.choice(["", " DESC", " NULLS FIRST"])
            title = f"{name} index"
            words = f"INDEX {quoted(title)} ON {table.sql} ({last}{order}) WHERE {first} > 5"
            table.indexes[title] = words
        table.comment = chance.choice(["", "a table"])
        tables.append(table)
    views = {}
    for number, table in enumerate(tables):
        if chance.random() < 0.4:
            columns_told = ", ".join(quoted(column.name) for column in table.columns)
            views[f"view {number}"] = f"SELECT {columns_told} FROM {table.sql}"
    return World(tables, views)


def change(made: World, chance: random.Random) -> str:
    """One statement that changes one thing."""
    table = chance.choice(made.tables)
    key, *others = table.columns
    column = chance.choice(others)
    alter = f"ALTER TABLE {table.sql}"
    at = f"{alter} ALTER COLUMN {quoted(column.name)}"
    nullability = f"{at} SET NOT NULL" if column.nullable else f"{at} DROP NOT NULL"
    default = f"{at} DROP DEFAULT" if column.default else f"{at} SET DEFAULT {TYPES[column.kind]}"
    some = [
        nullability,
        default,
        f"{alter} ADD COLUMN added date",
        f"{alter} ADD CONSTRAINT added CHECK ({quoted(key.name)} <> 3)",
        f"{alter} RENAME TO renamed",
        f"{alter} RENAME COLUMN {quoted(column.name)} TO renamed",
        f"{alter} SET (fillfactor = 70)",
        f"{alter} ENABLE ROW LEVEL SECURITY",
        f"CREATE INDEX added ON {table.sql} ({quoted(column.name)})",
        f"COMMENT ON TABLE {table.sql} IS 'another word'",
        f"COMMENT ON COLUMN {table.sql}.{quoted(column.name)} IS 'a word'",
        f"GRANT SELECT ON {table.sql} TO PUBLIC",
        "ALTER TYPE mood ADD VALUE 'glad'",
        "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'" if not _uses_mood(made) else "",
        "CREATE TABLE added (id integer)",
        "CREATE VIEW added AS SELECT 1 AS one",
        "CREATE SEQUENCE added",
        "CREATE FUNCTION added() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        f"CREATE RULE added AS ON DELETE TO {table.sql} DO INSTEAD NOTHING",
        f"CREATE POLICY added ON {table.sql}",
        *(f"{alter} DROP CONSTRAINT {quoted(title)}" for title in table.more),
        *(f"DROP INDEX {quoted(title)}" for title in table.indexes),
        *(f"DROP VIEW {quoted(title)}" for title in made.views),
        *(f"ALTER VIEW {quoted(title)} RENAME TO renamed" for title in made.views),
        *(f"ALTER INDEX {quoted(title)} RENAME TO renamed" for title in table.indexes),
    ]
    return chance.choice([statement for statement in some if statement])


def _uses_mood(made: World) -> bool:
    return any(column.kind == "mood" for table in made.tables for column in table.columns)

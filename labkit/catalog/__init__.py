"""The kinds of object that a schema holds, causes before consequences."""

from __future__ import annotations

from labkit.catalog.collations import Collations
from labkit.catalog.columns import Columns
from labkit.catalog.composites import Composites
from labkit.catalog.constraints import Constraints
from labkit.catalog.domains import Domains
from labkit.catalog.enums import Enums
from labkit.catalog.eventtriggers import EventTriggers
from labkit.catalog.extensions import Extensions
from labkit.catalog.foreign import ForeignTables, Servers, Wrappers
from labkit.catalog.functions import Functions
from labkit.catalog.indexes import Indexes
from labkit.catalog.kind import Kind
from labkit.catalog.operators import (
    Casts,
    Languages,
    OperatorClasses,
    OperatorFamilies,
    Operators,
)
from labkit.catalog.policies import Policies
from labkit.catalog.privileges import DefaultPrivileges
from labkit.catalog.publications import Publications
from labkit.catalog.ranges import Ranges
from labkit.catalog.rules import Rules
from labkit.catalog.schemas import Schemas
from labkit.catalog.sequences import Sequences
from labkit.catalog.statistics import Statistics
from labkit.catalog.tables import Tables
from labkit.catalog.textsearch import SearchConfigurations, SearchDictionaries
from labkit.catalog.triggers import Triggers
from labkit.catalog.views import MaterializedViews, Views

KINDS: tuple[Kind, ...] = (
    Schemas(),
    Extensions(),
    Languages(),
    DefaultPrivileges(),
    Collations(),
    SearchDictionaries(),
    SearchConfigurations(),
    Enums(),
    Domains(),
    Composites(),
    Ranges(),
    Wrappers(),
    Servers(),
    Functions(),
    Casts(),
    Operators(),
    OperatorFamilies(),
    OperatorClasses(),
    Sequences(),
    Tables(),
    ForeignTables(),
    Columns(),
    Constraints(),
    Views(),
    MaterializedViews(),
    Indexes(),
    Rules(),
    Triggers(),
    Policies(),
    Statistics(),
    Publications(),
    EventTriggers(),
)

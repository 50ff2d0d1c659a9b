"""The kinds of object that a schema holds, causes before consequences."""

from __future__ import annotations

from labkit.schema.catalog.accessmethods import AccessMethods
from labkit.schema.catalog.basetypes import BaseTypes
from labkit.schema.catalog.collations import Collations
from labkit.schema.catalog.columns import Columns
from labkit.schema.catalog.composites import Composites
from labkit.schema.catalog.constraints import Constraints
from labkit.schema.catalog.conversions import Conversions
from labkit.schema.catalog.domains import Domains
from labkit.schema.catalog.enums import Enums
from labkit.schema.catalog.eventtriggers import EventTriggers
from labkit.schema.catalog.extensions import Extensions
from labkit.schema.catalog.foreign import ForeignTables, Servers, Wrappers
from labkit.schema.catalog.functions import Functions
from labkit.schema.catalog.indexes import Indexes
from labkit.schema.catalog.kind import Kind
from labkit.schema.catalog.operators import (
    Casts,
    Languages,
    OperatorClasses,
    OperatorFamilies,
    Operators,
)
from labkit.schema.catalog.policies import Policies
from labkit.schema.catalog.privileges import DefaultPrivileges
from labkit.schema.catalog.publications import Publications
from labkit.schema.catalog.ranges import Ranges
from labkit.schema.catalog.rules import Rules
from labkit.schema.catalog.schemas import Schemas
from labkit.schema.catalog.sequences import Sequences
from labkit.schema.catalog.statistics import Statistics
from labkit.schema.catalog.subscriptions import Subscriptions
from labkit.schema.catalog.tables import Tables
from labkit.schema.catalog.textsearch import (
    SearchConfigurations,
    SearchDictionaries,
    SearchParsers,
    SearchTemplates,
)
from labkit.schema.catalog.transforms import Transforms
from labkit.schema.catalog.triggers import Triggers
from labkit.schema.catalog.viewcolumns import ViewColumns
from labkit.schema.catalog.views import MaterializedViews, Views

KINDS: tuple[Kind, ...] = (
    Schemas(),
    Extensions(),
    Languages(),
    DefaultPrivileges(),
    Collations(),
    SearchParsers(),
    SearchTemplates(),
    SearchDictionaries(),
    SearchConfigurations(),
    Enums(),
    Domains(),
    Composites(),
    Ranges(),
    BaseTypes(),
    Wrappers(),
    Servers(),
    Functions(),
    Conversions(),
    AccessMethods(),
    Transforms(),
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
    ViewColumns(),
    Indexes(),
    Rules(),
    Triggers(),
    Policies(),
    Statistics(),
    Publications(),
    Subscriptions(),
    EventTriggers(),
)

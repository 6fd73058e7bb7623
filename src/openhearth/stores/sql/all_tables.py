"""Every table there is: importing a module of tables is what puts them into ``METADATA``, and this is the list."""

from openhearth.stores.sql import (
    access_tables,
    counter_tables,
    newapi_tables,
    receipt_tables,
    repeats_tables,
    tables,
    usage_tables,
)

MODULES = (tables, access_tables, counter_tables, receipt_tables, repeats_tables, usage_tables, newapi_tables)
METADATA = tables.METADATA

"""Indexes for lists of any length: their orders, and on PostgreSQL the search in names and notes.

SQLite has no such search index that keeps itself, and reads the rows.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Django asks UPPER(column::text) LIKE UPPER(…): an index on anything else is not used.
SEARCH = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX objects_by_part_of_key ON routing_routingobject
    USING gin (upper(key::text) gin_trgm_ops);
CREATE INDEX objects_by_part_of_note ON routing_routingobject
    USING gin (upper(note::text) gin_trgm_ops);
"""
NO_SEARCH = "DROP INDEX objects_by_part_of_key; DROP INDEX objects_by_part_of_note;"


def index_search(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The database's owner may make this extension."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(SEARCH)


def drop_search(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The extension stays: others may use it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(NO_SEARCH)


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0006_fill_touched_objects"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="routingobject",
            index=models.Index(fields=["kind", "key", "id"], name="objects_in_order"),
        ),
        migrations.AddIndex(
            model_name="routingobject",
            index=models.Index(fields=["kind", "changed_at", "id"], name="objects_as_changed"),
        ),
        migrations.RunPython(index_search, drop_search),
    ]

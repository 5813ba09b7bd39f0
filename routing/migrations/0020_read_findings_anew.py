from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def read_anew(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What was kept names no edit for kinds that have one now."""
    del schema_editor
    apps.get_model("routing", "FindingsPass").objects.update(facts="")


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0019_order_surveys"),
    ]

    operations = [
        migrations.RunPython(read_anew, migrations.RunPython.noop),
    ]

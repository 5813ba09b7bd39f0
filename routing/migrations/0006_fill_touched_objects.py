"""Which objects the pushes that are there already changed: read from their frozen intents."""

import json
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from mailadmin.wire.core.blobs import unpack

DIGEST_BYTES = 64
BATCH = 500


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Compare each target's intent with that of the revision before it."""
    touched = apps.get_model("routing", "TouchedObject")
    targets = apps.get_model("routing", "PushTarget").objects.order_by("pk")
    light = targets.select_related("revision", "base_revision")
    for target in light.defer("plan", "proof", "answers").iterator(chunk_size=10):
        after, before = _values(target.revision), _values(target.base_revision)
        found = [key for key in after.keys() | before.keys() if after.get(key) != before.get(key)]
        touched.objects.bulk_create(
            (touched(target=target, object_id=key) for key in found), batch_size=BATCH
        )


def _values(revision: Any) -> dict[str, Any]:
    if revision is None:
        return {}
    stored = bytes(revision.intent)
    digest, packed = stored[:DIGEST_BYTES].decode(), stored[DIGEST_BYTES:]
    intent = json.loads(unpack(packed, digest))
    return {item["id"]: item for item in (*intent["objects"], *intent["relay_targets"])}


class Migration(migrations.Migration):
    dependencies = [("routing", "0005_touched_objects")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

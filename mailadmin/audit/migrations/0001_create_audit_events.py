from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.CharField(help_text="username, or a program's name", max_length=60),
                ),
                ("actor_name", models.CharField(max_length=120)),
                (
                    "action",
                    models.CharField(help_text="for example virtual_domain.created", max_length=60),
                ),
                (
                    "subject",
                    models.CharField(
                        help_text="what it was done to, as people name it", max_length=255
                    ),
                ),
                ("object_id", models.UUIDField(blank=True, null=True)),
                ("host", models.CharField(blank=True, max_length=60)),
                ("push", models.BigIntegerField(blank=True, null=True)),
                ("old", models.JSONField(blank=True, null=True)),
                ("new", models.JSONField(blank=True, null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("note", models.TextField(blank=True)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["-number"],
                "indexes": [
                    models.Index(fields=["object_id", "number"], name="audit_by_object"),
                    models.Index(fields=["push", "number"], name="audit_by_push"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(default=0)),
                ("hash", models.CharField(default="", max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_audit_head")
                ],
            },
        ),
    ]

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_create_hosts_objects_pushes")]

    operations = [
        migrations.AddField(
            model_name="mailhost",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="mailhost",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="mailhost",
            name="changed_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="mailhost",
            name="changed_by",
            field=models.CharField(default="", max_length=120),
            preserve_default=False,
        ),
    ]

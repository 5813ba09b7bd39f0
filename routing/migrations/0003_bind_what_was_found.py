from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("routing", "0002_retire_mail_hosts")]

    operations = [
        migrations.AddField(
            model_name="hoststate",
            name="ground",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="hoststate",
            name="otherwise",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="pushtarget",
            name="ground",
            field=models.CharField(
                blank=True,
                default="",
                help_text="digest of what lay in the base when proposed, empty is not known",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="pushtarget",
            name="damage",
            field=models.JSONField(
                default=list, help_text="what differed in the base when proposed"
            ),
        ),
    ]

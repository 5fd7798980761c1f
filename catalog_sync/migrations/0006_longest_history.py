import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog_sync", "0005_help_texts"),
    ]

    operations = [
        migrations.AlterField(
            model_name="catalogsyncconfig",
            name="keep_runs_days",
            field=models.PositiveIntegerField(
                default=90,
                help_text="How long sync runs stay listed. A full sync deletes older ones, but never the last full one that succeeded; 0 deletes none.",
                validators=[django.core.validators.MaxValueValidator(36500)],
            ),
        ),
    ]

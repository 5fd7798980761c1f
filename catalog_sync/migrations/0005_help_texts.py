import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog_sync", "0004_several_catalogs"),
    ]

    operations = [
        migrations.AlterField(
            model_name="catalogsyncconfig",
            name="keep_runs_days",
            field=models.PositiveIntegerField(
                default=90,
                help_text="How long sync runs stay listed. A full sync deletes older ones, but never the last full one that succeeded; 0 deletes none.",
            ),
        ),
        migrations.AlterField(
            model_name="catalogsyncconfig",
            name="max_removal_percent",
            field=models.PositiveIntegerField(
                default=10,
                help_text="A run that would remove more than this share of the marketing URLs, and more than ten of them, is refused.",
                validators=[django.core.validators.MaxValueValidator(100)],
            ),
        ),
        migrations.AlterField(
            model_name="catalogsyncconfig",
            name="retry_deadline_seconds",
            field=models.PositiveIntegerField(
                default=300,
                help_text="How long a run may lose to failed attempts and to waiting, in all; 0: never try again.",
            ),
        ),
        migrations.AlterField(
            model_name="syncrun",
            name="cancel_requested",
            field=models.BooleanField(
                default=False, help_text="If set while the run is going on, the run ends after its page."
            ),
        ),
    ]

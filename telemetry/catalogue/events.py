"""The families of channels that carry events."""

from telemetry.catalogue.model import ROOT, Family, Field, Kind, Nature, Retention

ANNOTATION = Family(
    "annotation",
    f"{ROOT}/annotations",
    "A moment that a user or a program marks, such as the start of an epoch.",
    (
        Field("text", Kind.TEXT, "", "what happened", "epoch 3", fixed=True, max_length=1000),
        Field("tags", Kind.TEXTS, "", "tags to filter by", ["train"], max_length=16),
        Field("run", Kind.TEXT, "", "ID or name of the annotated run", "ablation-7"),
    ),
    nature=Nature.EVENT,
    retention=Retention.DAYS,
)

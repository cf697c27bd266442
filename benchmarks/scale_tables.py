"""The figures of `benchmarks.scale` as tables: a build by stage, and stages by size."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

_MB: Final = 10**6

Record = dict[str, Any]
"""What was measured of a build; benchmarks/scale.py writes it."""


def lines_of(record: Record) -> Iterator[str]:
    """Yield the table of a build."""
    num = record["captions"]
    ends = "" if record["finished"] else ": stopped, the stages that were done"
    yield f"{num:,} captions, {record['kind']}{ends}"
    heads = ("s of processor", "a 1,000", "wall s", "peak MB", "grown MB")
    yield "  {:8} {:>15} {:>8} {:>8} {:>8} {:>9}".format("", *heads)
    stages = record["stages"]
    for name, stage in stages.items():
        yield (
            f"  {name:8} {stage['cpu_s']:15,.1f} {stage['cpu_s'] / num * 1000:8.3f} "
            f"{stage['wall_s']:8,.1f} {stage['peak'] / _MB:8,.0f} "
            f"{(stage['after'] - stage['before']) / _MB:9,.0f}"
        )
    cpu_s = sum(stage["cpu_s"] for stage in stages.values())
    yield f"  {'all':8} {cpu_s:15,.1f} {cpu_s / num * 1000:8.3f}"
    sizes = ", ".join(f"{name} {size / _MB:,.1f} MB" for name, size in record["bytes"].items())
    yield f"  {sizes}"
    if record["finished"]:
        yield (
            f"  {record['rows']:,} rows in {record['shards']} shards, {record['negatives']:,} "
            f"negatives; {record['keys']:,} keys, {record['keys'] / num:.1f} a caption; largest "
            f"fold {record['largest_fold']:.2f}"
        )


def over_sizes(records: Sequence[Record]) -> Iterator[str]:
    """Yield a table of processor seconds per thousand captions, one column per build."""
    stages = dict.fromkeys(name for record in records for name in record["stages"])
    yield "seconds of processor a 1,000 captions"
    for head in ("kind", "captions"):
        yield f"  {'':8}" + "".join(f"{record[head]:>12}" for record in records)
    for name in stages:
        costs = (
            f"{record['stages'][name]['cpu_s'] / record['captions'] * 1000:12.3f}"
            if name in record["stages"]
            else f"{'-':>12}"
            for record in records
        )
        yield f"  {name:8}{''.join(costs)}"

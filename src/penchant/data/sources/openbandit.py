"""Open Bandit, small: what a fashion shop showed, at random and by a bandit, and what was clicked."""

import io
from functools import partial

import polars as pl

from penchant.data.sources.packages import from_wheel
from penchant.data.sources.terms import Family, Origin, Source, Workplace

WHEEL, IN_WHEEL = "obp==0.4.1", "obp/dataset/obd"
CAMPAIGNS = ("all", "men", "women")
POLICIES = {"random": "uniform random", "bts": "Bernoulli Thompson sampling"}
SHA256 = {
    "random/all/all.csv": "7168295b6e0a9eabcf3392320a5dd434e542b68e705d5cd9491499af589812f1",
    "random/all/item_context.csv": "eba04cc23d5f130a93ff174c5392986882b94c3839433cb8143870eaa6221358",
    "random/men/men.csv": "ede6d08c6877f99cd3770f7d09e26c738e6aa6de4445ccccfb1356ba5d06b1eb",
    "random/men/item_context.csv": "6d855c2b7e917d0448d71bbe62c023147495882c0fdc8c41e86fef86abf9fe09",
    "random/women/women.csv": "e65f3bd3beb17664fa69cc129bf7bf852a775f8ffa630506e505fc905315bb34",
    "random/women/item_context.csv": "b1ca4905f97703d196004f2ad4552c1e90c2afad8b50688d333b0d2dc0b33147",
    "bts/all/all.csv": "0ad874e4dbf6902f0845dd478ad8dde5ef6903583d3ffaace78411bdad064106",
    "bts/men/men.csv": "db6d1f7ed2d591ba521533e45286d4c1fba7fe57a8ad2e80342210335f43c527",
    "bts/women/women.csv": "e5d1b49a39b608585a2f3014a3f54970430cd37a495c1b73fceb85cdf428a5b8",
}
PERSON = [f"user_feature_{place}" for place in range(4)]
LICENCE = "CC BY 4.0, ZOZO, Inc. (https://research.zozo.com/data.html)"
TITLE = "Open Bandit, small: 20,000 impressions a campaign (all, men, women) with propensities, November 2019"


def open_bandit(work: Workplace, campaign: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Take a campaign's logs of both policies out of the wheel of `obp` and write them as tables.

    An impression is an event of the kind click or impression; its position, propensity and policy are
    columns, and so are the person's past clicks on each item (`affinity`, a list in the order of the
    items). The log has no user ids: people whose four features agree share one.
    """
    names = [f"{policy}/{campaign}/{campaign}.csv" for policy in POLICIES]
    context = f"random/{campaign}/item_context.csv"
    files = from_wheel(WHEEL, IN_WHEEL, {name: SHA256[name] for name in [*names, context]}, options)
    log = pl.concat(
        [impressions(files[name], policy) for name, policy in zip(names, POLICIES, strict=True)]
    ).sort("timestamp", maintain_order=True)
    log.write_parquet(work.folder / "interactions.parquet")
    items = pl.read_csv(io.BytesIO(files[context]))
    items.drop("").write_parquet(work.folder / "items.parquet")
    people = log.select("user_id", *PERSON).unique("user_id", keep="first", maintain_order=True)
    people.write_parquet(work.folder / "users.parquet")
    clicks = int((log["event"] == "click").sum())
    return (
        f"{WHEEL}: sha256 of {', '.join([*names, context])} as expected",
        f"interactions.parquet: {len(log):,} impressions, {clicks:,} of them clicked",
        f"user_id: the log names nobody; people with the same four features share one of {len(people):,} ids",
    )


def impressions(log: bytes, policy: str) -> pl.DataFrame:
    """Return a policy's log as events, one row an impression, as `penchant check` reads them."""
    raw = pl.read_csv(io.BytesIO(log))
    affinity = [name for name in raw.columns if name.startswith("user-item_affinity_")]
    return raw.select(
        pl.concat_str(pl.col(PERSON).str.slice(0, 8), separator="-").alias("user_id"),
        "item_id",
        pl.col("timestamp").str.to_datetime(time_unit="us", time_zone="UTC"),
        pl.when(pl.col("click") == 1).then(pl.lit("click")).otherwise(pl.lit("impression")).alias("event"),
        "position",
        "propensity_score",
        pl.lit(policy).alias("policy"),
        *PERSON,
        pl.concat_list(pl.col(affinity).cast(pl.Float32)).alias("affinity"),
    )


def campaign_source(campaign: str) -> Source:
    """Return the source of one campaign."""
    origin = Origin(f"the wheel {WHEEL} on PyPI", partial(open_bandit, campaign=campaign))
    cite = "Saito et al. 2021, Open Bandit Dataset and Pipeline, NeurIPS Datasets and Benchmarks"
    return Source(f"{TITLE}; campaign {campaign}", LICENCE, (origin,), "1 MB", cite)


OPEN_BANDIT = Family(TITLE, LICENCE, CAMPAIGNS, campaign_source, "all", "1 MB")

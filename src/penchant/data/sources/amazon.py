"""Amazon Reviews 2023, one category at a time: reviews and what was for sale, as JSON lines."""

from functools import partial

from penchant.data.sources.archives import check_gzip
from penchant.data.sources.download import checked, download
from penchant.data.sources.terms import Family, Origin, Source, Workplace

ROOT = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023/raw"
CATEGORIES = (
    "All_Beauty", "Amazon_Fashion", "Appliances", "Arts_Crafts_and_Sewing", "Automotive", "Baby_Products",
    "Beauty_and_Personal_Care", "Books", "CDs_and_Vinyl", "Cell_Phones_and_Accessories",
    "Clothing_Shoes_and_Jewelry", "Digital_Music", "Electronics", "Gift_Cards", "Grocery_and_Gourmet_Food",
    "Handmade_Products", "Health_and_Household", "Health_and_Personal_Care", "Home_and_Kitchen",
    "Industrial_and_Scientific", "Kindle_Store", "Magazine_Subscriptions", "Movies_and_TV",
    "Musical_Instruments", "Office_Products", "Patio_Lawn_and_Garden", "Pet_Supplies", "Software",
    "Sports_and_Outdoors", "Subscription_Boxes", "Tools_and_Home_Improvement", "Toys_and_Games",
    "Video_Games", "Unknown",
)  # fmt: skip
TITLE = "Amazon Reviews 2023: 571 million reviews, 1996-2023, by category, with what was for sale"
SIZE = "megabytes to gigabytes, by category"
LICENCE = (
    "McAuley Lab, UC San Diego: its makers state no licence; made for research, the texts are the reviewers' "
    "and the shops' (https://amazon-reviews-2023.github.io)"
)


def amazon_category(work: Workplace, category: str, root: str = ROOT) -> tuple[str, ...]:
    """Download a category's reviews and its items; both stay packed."""
    notes = []
    for part, name in (
        ("review_categories", f"{category}.jsonl.gz"),
        ("meta_categories", f"meta_{category}.jsonl.gz"),
    ):
        file = download(f"{root}/{part}/{name}", work.downloads / name, progress=work.progress)
        check_gzip(file)
        notes.append(checked(file, name, {}))
    for name in (f"{category}.jsonl.gz", f"meta_{category}.jsonl.gz"):
        (work.downloads / name).replace(work.folder / name)
    return tuple(notes)


def category_source(category: str) -> Source:
    """Return the source of one category."""
    origin = Origin(
        f"{ROOT}/review_categories/{category}.jsonl.gz", partial(amazon_category, category=category)
    )
    return Source(
        f"Amazon Reviews 2023, {category}",
        LICENCE,
        (origin,),
        SIZE,
        "Hou et al. 2024, Bridging Language and Items for Retrieval and Recommendation, arXiv 2403.03952",
    )


AMAZON = Family(TITLE, LICENCE, CATEGORIES, category_source, None, SIZE)

"""Variational autoencoder with a multinomial likelihood, library RecBole (Liang et al. 2018)."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed
from search import Events, Lists, Setting, grid, main

GRID = grid(latent_dimension=[64, 200], epochs=[25, 50, 100, 200])


def config(folder: Path, size: int) -> Config:
    """Return RecBole's defaults, but batches of 128 users: by default one batch holds all of them."""
    return Config(
        model="MultiVAE",
        dataset="events",
        config_dict={
            "data_path": str(folder),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"split": {"RS": [1, 0, 0]}, "group_by": "user", "order": "TO", "mode": "full"},
            "latent_dimension": size,
            "train_batch_size": 128,
            "train_neg_sample_args": None,
            "use_gpu": False,
            "show_progress": False,
            "seed": 0,
            "state": "ERROR",
        },
    )


def write(events: Events, folder: Path) -> None:
    """Write the events as RecBole's atomic file."""
    columns = events.columns()
    rows = zip(columns["user_id"], columns["item_id"], columns["timestamp"], strict=True)
    folder.mkdir()
    head = "user_id:token\titem_id:token\ttimestamp:float"
    lines = [f"{user}\t{item}\t{moment:.0f}" for user, item, moment in rows]
    (folder / "events.inter").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def fit(events: Events, settings: Sequence[Setting]) -> Iterator[Any]:
    """Train a model of each size on from one number of epochs to the next."""
    with tempfile.TemporaryDirectory() as temporary, contextlib.chdir(temporary):  # logs are written there
        write(events, Path(temporary) / "events")
        for size, some in groupby(settings, lambda setting: setting["latent_dimension"]):
            chosen = config(Path(temporary), size)
            init_seed(0, True)
            dataset = create_dataset(chosen)
            train = data_preparation(chosen, dataset)[0]
            assert train.dataset.inter_num == len(events.users)
            model = get_model("MultiVAE")(chosen, train.dataset)
            trainer = get_trainer(chosen["MODEL_TYPE"], "MultiVAE")(chosen, model)
            done = 0
            for setting in some:
                trainer.start_epoch, trainer.epochs = done, setting["epochs"]
                trainer.fit(train, saved=False, verbose=False)
                done = setting["epochs"]
                yield model, dataset


def recommend(fitted: Any, events: Events) -> Lists:
    """Rank all items for all users."""
    model, dataset = fitted
    model.eval()
    users = torch.tensor(dataset.token2id("user_id", events.user_ids))
    with torch.no_grad():
        scores = model.full_sort_predict({"user_id": users}).reshape(len(users), -1).numpy()
    model.train()
    return events.best(scores[:, np.asarray(dataset.token2id("item_id", events.item_ids))])


if __name__ == "__main__":
    main(GRID, fit, recommend, "recbole", "pandas", "torch")

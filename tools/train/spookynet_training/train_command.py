"""``train``: learns from labelled extended XYZ files, in a folder where it can go on later."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from .checkpoint import load_model
from .dataset import SPLITS, load_dataset, read_dataset, save_dataset
from .hyperparameters import smaller
from .loss import Weights
from .start import compressed_start, random_start, refined_start
from .team import Team, team_of
from .training import Options, Training

#: What a run learns from, in its folder.
DATA_FILE = "data.pt"


def add_arguments(parser) -> None:
    """Options of the command."""
    plain, weights = Options(), Weights()
    parser.add_argument("data", nargs="*", help="labelled extended XYZ files; a run that goes on has them already")
    parser.add_argument("--folder", required=True, type=Path, help="where the run is kept; a run in it goes on")
    parser.add_argument("--start", required=True, help="model to start from, the published one for example")
    parser.add_argument(
        "--how",
        choices=["compressed", "refined", "random"],
        default="compressed",
        help="make a smaller network of it, refine it as it is, or take nothing but its D4 and ZBL tables",
    )
    parser.add_argument("--features", type=int, default=48)
    parser.add_argument("--modules", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=plain.epochs)
    parser.add_argument("--learning-rate", type=float, default=plain.learning_rate)
    parser.add_argument("--step-atoms", type=int, default=plain.step_atoms)
    parser.add_argument("--most-pairs", type=int, default=plain.most_pairs)
    parser.add_argument("--warm-up", type=int, default=plain.warm_up, help="steps until the learning rate is reached")
    parser.add_argument("--average", type=float, default=plain.average)
    parser.add_argument("--patience", type=int, default=plain.patience)
    for name in ("forces", "energy", "atomic", "charges", "dipole"):
        parser.add_argument(f"--weight-{name}", type=float, default=getattr(weights, name))
    parser.add_argument("--largest-force", type=float, default=30.0, help="frames with a larger one are left out, eV/Å")
    parser.add_argument("--seed", type=int, default=plain.seed)
    parser.add_argument("--processes", type=int, help="that share each batch; one a core, or one where a GPU computes")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")


def run(options) -> None:
    """Trains; interrupted with Ctrl-C or SIGTERM it saves its state and raises KeyboardInterrupt."""
    packed = options.folder / DATA_FILE
    if not packed.exists():
        dataset = read_dataset(options.data, options.largest_force)
        if not dataset.groups["train"]:
            raise ValueError("Expected structures to train on but found none in the split train")
        options.folder.mkdir(parents=True, exist_ok=True)
        save_dataset(dataset, packed)
    with team_of(options.processes or _default_processes(options.device), _train, options) as team:
        _train(team, options)


def _default_processes(device: str) -> int:
    if device != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _train(team: Team, options) -> None:
    torch.manual_seed(options.seed)
    dataset = load_dataset(options.folder / DATA_FILE)
    show = print if team.leads else lambda *_, **__: None
    for split in SPLITS:
        structures, atoms = dataset.count(split)
        show(f"{split}: {structures} structures, {atoms} atoms", flush=True)
    start = load_model(options.start).requires_grad_(False)
    groups = dataset.groups["train"]
    if options.how == "refined":
        model = refined_start(start, groups)
    else:
        make = compressed_start if options.how == "compressed" else random_start
        model = make(smaller(start.hyperparameters, options.features, options.modules), start, groups)
    show(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    weights = Weights(**{name: getattr(options, f"weight_{name}") for name in Weights.__dataclass_fields__})
    settings = Options(
        epochs=options.epochs,
        step_atoms=options.step_atoms,
        most_pairs=options.most_pairs,
        learning_rate=options.learning_rate,
        warm_up=options.warm_up,
        average=options.average,
        patience=options.patience,
        seed=options.seed,
        weights=weights,
    )
    training = Training(model, dataset, options.folder, settings, options.device, team)
    if training.steps > 0:
        show(f"going on after step {training.steps}, epoch {training.epoch + 1}", flush=True)
    training.run()
    if training.interrupted:
        raise KeyboardInterrupt

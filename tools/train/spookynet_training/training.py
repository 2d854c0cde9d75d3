"""The training loop: warm-up and cosine decay, moving average, early stopping, exact resume."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from .average import Average
from .batches import batches_of, steps_of
from .curves import write_curves
from .dataset import Dataset
from .domain import domain_of
from .evaluation import errors_of
from .loss import Weights, loss_of
from .network import SpookyNet
from .optimiser import Optimiser
from .team import Team

#: Files of a run's folder.
STATE_FILE, LOG_FILE, CURVES_FILE, BEST_FILE = "state.pt", "log.jsonl", "curves.svg", "best.pth"


@dataclass(frozen=True)
class Options:
    """How to train.

    Attributes
    ----------
    epochs : int
        Passes over the data at whose end the learning rate has come down.
    step_atoms, most_pairs : int
        Atoms of a step, and pairs of atoms that are computed together: the first rules learning, the second memory.
    learning_rate, last_learning_rate : float
        After warm-up and at the end.
    warm_up : int
        Steps.
    average : float
        Decay of the moving average of the parameters.
    largest_gradient : float
        Length to which longer gradients of a step are cut.
    patience : int
        Epochs without a better validation error after which training stops.
    checked_structures : int
        How many validation structures are looked at after each epoch.
    save_seconds : float
        Time between two saved states, besides those after each epoch.
    seed : int
    weights : Weights
    """

    epochs: int = 40
    step_atoms: int = 400
    most_pairs: int = 8000
    learning_rate: float = 1e-3
    last_learning_rate: float = 1e-5
    warm_up: int = 200
    average: float = 0.999
    largest_gradient: float = 10.0
    patience: int = 30
    checked_structures: int = 600
    save_seconds: float = 120.0
    seed: int = 1
    weights: Weights = Weights()


class Training:
    """A run in a folder, which it goes on with if there is one.

    Parameters
    ----------
    model : SpookyNet
        Starts there. A saved state in the folder replaces its parameters.
    dataset : Dataset
    folder : Path
        Gets the state, the log (one JSON object an epoch), the curves and the best model so far.
    team : Team
        This process among those that train the same model; each of them makes its own ``Training`` of equal arguments.
    """

    def __init__(
        self,
        model: SpookyNet,
        dataset: Dataset,
        folder: Path,
        options: Options,
        device: str = "cpu",
        team: Team = Team(),
    ):
        self.model = model.to(device)
        self.groups = {size: group.to(device) for size, group in dataset.groups["train"].items()}
        self.dataset = dataset
        self.folder = folder
        self.options = options
        self.team = team
        self.domain = domain_of(dataset)
        self.average = Average(self.model, options.average)
        self.optimiser = Optimiser(self.model)
        self.learning_rate = 0.0
        self.epoch = 0
        self.step_in_epoch = 0
        self.steps = 0
        self.best = math.inf
        self.best_epoch = 0
        self.loss_sum = 0.0
        self.atoms = 0
        self.seconds = 0.0
        self._interrupted = False
        self._ends = False
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STATE_FILE).exists():
            self._restore()
        # No process writes a state before all have read it.
        team.sum(torch.zeros(1))

    @property
    def interrupted(self) -> bool:
        """Whether a signal has ended ``run`` before its end; all processes of a team say the same."""
        return self._ends

    def run(self, most_steps: int | None = None) -> None:
        """Trains to the end, until it gets worse, until it is interrupted (SIGINT, SIGTERM), or for some steps more."""
        last_step = math.inf if most_steps is None else self.steps + most_steps
        handlers = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while self.epoch < self.options.epochs and not self._is_hopeless():
                if not self._run_epoch(last_step):
                    self._save()
                    return
                self._finish_epoch()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _run_epoch(self, last_step: float) -> bool:
        """Goes on with the epoch; says whether it has come to its end."""
        # The order follows from seed and epoch alone, so that a run that goes on finds the same.
        rng = np.random.default_rng([self.options.seed, self.epoch])
        steps = list(steps_of(batches_of(self.groups, self.options.most_pairs, rng), self.options.step_atoms))
        started = saved = time.monotonic()
        for step in steps[self.step_in_epoch :]:
            if self.steps >= last_step or self._ends:
                break
            self._set_learning_rate((self.epoch + self.step_in_epoch / len(steps)) / self.options.epochs)
            self._take_step(step)
            self.step_in_epoch += 1
            self.steps += 1
            now = time.monotonic()
            self.seconds, started = self.seconds + now - started, now
            if now - saved > self.options.save_seconds:
                saved = now
                self._save()
                share = 100 * self.step_in_epoch / len(steps)
                self._print(f"epoch {self.epoch + 1}, {share:.0f} %: loss {self.loss_sum / self.atoms:.4f}")
        return self.step_in_epoch >= len(steps)

    def _take_step(self, step) -> None:
        self.optimiser.forget_gradients()
        atoms = sum(size * len(rows) for size, rows in step)
        total = 0.0
        for size, rows in step:
            rows = self.team.share(rows)
            if len(rows) == 0:
                continue
            part = self.groups[size][torch.as_tensor(rows)]
            output = self.model(
                part.numbers,
                part.positions.float(),
                part.charge.float(),
                part.unpaired.float(),
                create_graph=True,
            )
            loss = loss_of(output, part, self.options.weights) / atoms
            loss.backward()
            total += float(loss.detach())
        total = self._sum_over_team(total)
        if not math.isfinite(total):
            raise ArithmeticError(
                f"Expected a finite loss but found {total} in step {self.steps + 1}: lower the learning rate"
            )
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.options.largest_gradient)
        self.optimiser.step(self.learning_rate)
        self.average.follow(self.model)
        self.loss_sum += total * atoms
        self.atoms += atoms

    def _sum_over_team(self, loss: float) -> float:
        """Puts the gradients of all processes together; gives the sum of their losses, and notes if one shall end."""
        parameters = list(self.model.parameters())
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        said = gradients[0].new_tensor([loss, float(self._interrupted)])
        sums = self.team.sum(torch.cat([gradient.flatten() for gradient in gradients] + [said]))
        parts = sums.split([gradient.numel() for gradient in gradients] + [1, 1])
        for parameter, part in zip(parameters, parts):
            parameter.grad = part.view_as(parameter)
        self._ends = bool(parts[-1] > 0)
        return float(parts[-2])

    def _set_learning_rate(self, progress: float) -> None:
        first, last = self.options.learning_rate, self.options.last_learning_rate
        rate = last + 0.5 * (first - last) * (1 + math.cos(math.pi * progress))
        self.learning_rate = rate * min(1.0, (self.steps + 1) / max(self.options.warm_up, 1))

    def _finish_epoch(self) -> None:
        self.epoch += 1
        self.step_in_epoch = 0
        if self.team.leads:
            self._validate()
        # What decides when to end is the same everywhere.
        judged = torch.tensor([self.best, self.best_epoch] if self.team.leads else [0.0, 0.0], dtype=torch.float64)
        self.best, best_epoch = self.team.sum(judged).tolist()
        self.best_epoch = int(best_epoch)
        self.loss_sum, self.atoms = 0.0, 0
        self._save()

    def _validate(self) -> None:
        errors = errors_of(self.average.model, self.dataset, "valid", self.options.checked_structures)
        row = {
            "epoch": self.epoch,
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "loss": self.loss_sum / max(self.atoms, 1),
            "learning_rate": self.learning_rate,
            "valid": {name: sums.means() for name, sums in errors.items()},
        }
        valid = row["valid"].get("all")
        score = row["loss"] if valid is None else valid["force_meV_per_A"] + 10 * valid["energy_meV_per_atom"]
        if score < self.best:
            self.best, self.best_epoch = score, self.epoch
            _write_whole(self.folder / BEST_FILE, lambda path: torch.save(self.average.model.state_dict(), path))
        self._append_log(row)
        shown = (
            "no validation structures"
            if valid is None
            else f"validation: forces {valid['force_meV_per_A']:.1f} meV/Å, "
            f"energy {valid['energy_meV_per_atom']:.2f} meV/atom"
        )
        best = " (best)" if self.best_epoch == self.epoch else ""
        self._print(
            f"epoch {self.epoch:4d} of {self.options.epochs}: loss {row['loss']:.4f}, {shown}{best}, "
            f"{self.seconds / 60:.1f} min"
        )

    def _append_log(self, row: dict) -> None:
        path = self.folder / LOG_FILE
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        # An epoch that was logged but not saved before an interruption is run again.
        rows = [old for old in rows if old["epoch"] < row["epoch"]] + [row]
        _write_whole(path, lambda name: Path(name).write_text("".join(json.dumps(item) + "\n" for item in rows)))
        write_curves(rows, self.folder / CURVES_FILE)

    def _is_hopeless(self) -> bool:
        return self.epoch - self.best_epoch >= self.options.patience

    def _print(self, line: str) -> None:
        if self.team.leads:
            print(line, flush=True)

    def _save(self) -> None:
        if not self.team.leads:
            return
        state = {
            "hyperparameters": self.model.hyperparameters,
            "options": asdict(self.options),
            "domain": self.domain,
            "model": self.model.state_dict(),
            "average": self.average.model.state_dict(),
            "average_steps": self.average.steps,
            "optimiser": self.optimiser.state(),
            **{name: getattr(self, name) for name in _PROGRESS},
        }
        _write_whole(self.folder / STATE_FILE, lambda path: torch.save(state, path))

    def _restore(self) -> None:
        state = torch.load(self.folder / STATE_FILE, map_location=next(self.model.parameters()).device)
        if state["hyperparameters"] != self.model.hyperparameters:
            raise ValueError(
                f"Expected the run in {self.folder} to have the same network but found another: use another folder"
            )
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.average.steps = state["average_steps"]
        self.optimiser.restore(state["optimiser"])
        for name in _PROGRESS:
            setattr(self, name, state[name])

    def _interrupt(self, *_) -> None:
        self._interrupted = True


#: How far a run has come.
_PROGRESS = ("epoch", "step_in_epoch", "steps", "best", "best_epoch", "loss_sum", "atoms", "seconds")


def _write_whole(path: Path, write) -> None:
    """Writes a file under another name first: a run that ends while it writes leaves the older one."""
    temporary = path.with_name(path.name + ".part")
    write(temporary)
    os.replace(temporary, path)

"""A smaller network that starts close to a larger one: fewer features, modules and residual blocks.

Each layer of the small network gets the weights that reproduce, by linear least squares over the atoms of some
structures, what the same layer of the large one gives for the features that are kept. What was left out (features,
residual blocks, the last modules) is so made up for as far as linear functions of what is left can. Training then
starts from a network that is already roughly right, not from a random one.
"""

from __future__ import annotations

import math

import torch
from scipy.linalg import qr
from torch import Tensor, nn

from .blocks import ResidualMLP, ResidualStack
from .dataset import Structures
from .network import SpookyNet


@torch.no_grad()
def compress(
    small: SpookyNet, large: SpookyNet, groups: dict[int, Structures], elements: Tensor, most_atoms: int = 4000
) -> None:
    """Sets the parameters of ``small``, whose tables are set already, from those of ``large``.

    Parameters
    ----------
    groups : dict of int to Structures
        Where the two shall agree; about ``most_atoms`` atoms, some of each size, are looked at.
    elements : Tensor of bool, shape (Zmax,)
        Which elements the small network shall know.

    Raises
    ------
    ValueError
        If ``large`` is of the older kind, with nonlinear embeddings of charge and spin, or attends exactly.
    """
    exact = any(module.nonlocal_interaction.attention.omega.numel() == 0 for module in large.module)
    if exact or large.hyperparameters["use_nonlinear_embedding"]:
        raise ValueError(
            "Expected a model with linear embeddings and random attention features to compress but found another: "
            "start with --how refined or random"
        )
    _Compression(small, _record(large, groups, most_atoms), large).run(elements)


class _Record:
    """Inputs and outputs of a network's parts, one row for each atom (and component)."""

    def __init__(self):
        self.inputs: dict[str, list[Tensor]] = {}
        self.outputs: dict[str, list[Tensor]] = {}

    def input(self, name: str) -> Tensor:
        return torch.cat(self.inputs[name])

    def output(self, name: str) -> Tensor:
        return torch.cat(self.outputs[name])


def _record(model: SpookyNet, groups: dict[int, Structures], most_atoms: int) -> _Record:
    record = _Record()
    hooks = []
    for name, part in model.named_modules():
        if isinstance(part, (nn.Linear, ResidualMLP, ResidualStack)):

            def keep(_, inputs, output, name=name):
                rows = inputs[0].reshape(-1, inputs[0].shape[-1])
                record.inputs.setdefault(name, []).append(rows.double())
                record.outputs.setdefault(name, []).append(output.reshape(-1, output.shape[-1]).double())

            hooks.append(part.register_forward_hook(keep))
    for size, group in groups.items():
        count = min(len(group), max(1, most_atoms // (len(groups) * size)))
        part = group[torch.linspace(0, len(group) - 1, count).long()]
        model(part.numbers, part.positions.float(), part.charge.float(), part.unpaired.float(), forces=False)
    for hook in hooks:
        hook.remove()
    return record


class _Compression:
    def __init__(self, small: SpookyNet, record: _Record, large: SpookyNet):
        self.small, self.large, self.record = small, large, record
        self.parts = dict(large.named_modules())
        self.count = small.hyperparameters["num_features"]
        self.modules = small.hyperparameters["num_modules"]

    def run(self, trained: Tensor) -> None:
        small, large, record = self.small, self.large, self.record
        small.radial_basis_functions.load_state_dict(large.radial_basis_functions.state_dict())
        stream = self._chosen([record.input(f"module.{k}.residual_pre") for k in range(self.modules)])
        output = self._chosen(
            [record.output(f"module.{k}.resblock") for k in range(large.hyperparameters["num_modules"])]
        )
        small.element_bias[trained] = large.element_bias[trained]
        elements = large.nuclear_embedding.element_embedding[trained]
        small.nuclear_embedding.element_embedding[trained] = elements[:, stream]
        small.nuclear_embedding.config_linear.weight.copy_(large.nuclear_embedding.config_linear.weight[stream])
        for name in ("charge_embedding", "magmom_embedding"):
            self._electronic(name, stream)
        for k in range(self.modules):
            self._module(f"module.{k}", stream, output)
        # The modules that are left out gave their share as well: the last one that is kept takes it over.
        last = f"module.{self.modules - 1}.resblock"
        others = range(self.modules - 1, large.hyperparameters["num_modules"])
        target = sum(record.output(f"module.{k}.resblock") for k in others)
        self._mlp(last, stream, output, target[:, output])
        total = sum(record.output(f"module.{k}.resblock") for k in range(large.hyperparameters["num_modules"]))
        _fit(small.output, total[:, output], total @ large.output.weight.double().T)

    def _electronic(self, name: str, stream: Tensor) -> None:
        """Scores are linear in the nuclear features, so one feature for each kind of amount says them all."""
        mine, theirs = getattr(self.small, name), getattr(self.large, name)
        kinds = mine.linear_k.in_features
        scores = (
            self.record.output(f"{name}.linear_q")
            @ theirs.linear_k.weight.double()
            / math.sqrt(theirs.linear_q.out_features)
        )
        mine.linear_k.weight.zero_()
        mine.linear_k.weight[:kinds] = math.sqrt(self.count) * torch.eye(kinds)
        mine.linear_q.weight.mul_(0.1)
        fitted = nn.Linear(self.count, kinds)
        _fit(fitted, self.record.input(f"{name}.linear_q")[:, stream], scores)
        mine.linear_q.weight[:kinds], mine.linear_q.bias[:kinds] = fitted.weight, fitted.bias
        values = self._chosen([self.record.input(f"{name}.resblock")])
        mine.linear_v.weight.copy_(theirs.linear_v.weight[values])
        self._mlp(f"{name}.resblock", values, stream)

    def _module(self, name: str, stream: Tensor, output: Tensor) -> None:
        record = self.record
        self._stack(f"{name}.residual_pre", stream)
        self._stack(f"{name}.residual_post", stream)
        self._mlp(f"{name}.resblock", stream, output)
        local = f"{name}.local_interaction"
        sums = self._chosen([record.input(f"{local}.resblock")])
        self._mlp(f"{local}.resblock", sums, stream)
        self._mlp(f"{local}.resblock_x", stream, sums)
        self._mlp(f"{local}.resblock_s", stream, sums)
        self._part(f"{local}.radial_s").weight.copy_(self.parts[f"{local}.radial_s"].weight[sums])
        both = torch.cat([sums, sums + self.large.hyperparameters["num_features"]])
        for kind in "pd":
            projection = f"{local}.projection_{kind}"
            channels = self._chosen([record.input(projection)])
            self._mlp(f"{local}.resblock_{kind}", stream, channels)
            self._part(f"{local}.radial_{kind}").weight.copy_(self.parts[f"{local}.radial_{kind}"].weight[channels])
            _fit(self._part(projection), record.input(projection)[:, channels], record.output(projection)[:, both])
        self._attention(f"{name}.nonlocal_interaction", stream)

    def _attention(self, name: str, stream: Tensor) -> None:
        record = self.record
        theirs = self.parts[f"{name}.attention"].omega.double()
        scale = (self.count / len(theirs)) ** 0.25
        query, key = record.output(f"{name}.resblock_q"), record.output(f"{name}.resblock_k")
        channels = self._chosen([query, key])
        self._mlp(f"{name}.resblock_q", stream, channels, scale * query[:, channels])
        self._mlp(f"{name}.resblock_k", stream, channels, scale * key[:, channels])
        self._mlp(f"{name}.resblock_v", stream, stream)
        both = torch.cat([query, key])
        # What a random feature takes of an atom, u = x·ω/F^¼, is kept as well as the channels allow. The published code
        # has as many random features as features.
        taken = both @ theirs / len(theirs) ** 0.25
        fitted = nn.Linear(self.count, self.count, bias=False)
        _fit(fitted, both[:, channels] * scale / self.count**0.25, taken[:, self._chosen([taken])])
        self._part(f"{name}.attention").omega = fitted.weight.T.contiguous()

    def _stack(self, name: str, features: Tensor) -> None:
        for k, block in enumerate(self._part(name).stack):
            self._block(block, f"{name}.stack.{k}", features)

    def _block(self, block, name: str, features: Tensor) -> None:
        record = self.record
        hidden = self._chosen([record.input(f"{name}.linear2")])
        self._activation(block.activation1, f"{name}.activation1", features)
        self._activation(block.activation2, f"{name}.activation2", hidden)
        first, second = f"{name}.linear1", f"{name}.linear2"
        _fit(block.linear1, record.input(first)[:, features], record.output(first)[:, hidden])
        _fit(block.linear2, record.input(second)[:, hidden], record.output(second)[:, features])

    def _mlp(self, name: str, features: Tensor, results: Tensor, target: Tensor | None = None) -> None:
        mine = self._part(name)
        self._stack(f"{name}.residual", features)
        self._activation(mine.activation, f"{name}.activation", features)
        if len(mine.residual.stack) > 0:
            inputs = self.record.input(f"{name}.linear")
        else:
            inputs = self.parts[f"{name}.activation"](self.record.input(name).float()).double()
        if target is None:
            target = self.record.output(f"{name}.linear")[:, results]
        _fit(mine.linear, inputs[:, features], target)

    def _activation(self, mine, name: str, features: Tensor) -> None:
        theirs = self.parts[name]
        mine.alpha.copy_(theirs.alpha[features])
        mine.beta.copy_(theirs.beta[features])

    def _part(self, name: str):
        return self.small.get_submodule(name)

    def _chosen(self, samples: list[Tensor]) -> Tensor:
        """The features from which the others follow best, by a QR factorisation with column pivoting."""
        rows = torch.cat([sample - sample.mean(0) for sample in samples])
        _, _, order = qr(rows.numpy(), mode="economic", pivoting=True)
        return torch.as_tensor(order[: self.count].copy()).long().sort().values


def _fit(linear: nn.Linear, inputs: Tensor, outputs: Tensor) -> None:
    """Least squares, regularised a little against features that follow from each other."""
    if linear.bias is not None:
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1, dtype=inputs.dtype)], 1)
    normal = inputs.T @ inputs
    # The smallest number counts where all inputs are 0: no structure is charged, for example.
    normal += (1e-5 * normal.diagonal().mean() + 1e-30) * torch.eye(len(normal), dtype=normal.dtype)
    solution = torch.linalg.solve(normal, inputs.T @ outputs).float()
    if linear.bias is not None:
        linear.bias.copy_(solution[-1])
        solution = solution[:-1]
    linear.weight.copy_(solution.T)

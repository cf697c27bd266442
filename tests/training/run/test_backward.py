"""The gradient of a step is that of the whole batch, however it is cut over parts and ranks."""

import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from open_clip.transformer import PatchDropout
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from tests.training.text_models import WIDTH, decoder
from tests.training.tiny import OBJECTIVES, batch_of, clip_model, part_of
from training.batches.batch import Batch
from training.model.clip import ClipModel
from training.model.teacher import teacher_of
from training.objective.objective import Objective, Terms, weighted
from training.run.backward import backward

COUNTS = (3, 0, 0, 0, 1, 2, 3, 3)  # with four ranks, the second has no negative at all
CASES = {
    "fsc-clip": OBJECTIVES["fsc-clip"],
    "negclip": OBJECTIVES["negclip"],
    "clip": OBJECTIVES["clip"],
    "both": Objective((weighted("negclip"), weighted("global", weight=1.0))),
    "two over the batch": Objective(
        (weighted("negclip", weight=0.5), weighted("local", attention="sparse"), weighted("clip"))
    ),
    "none over the batch": Objective((weighted("global"), weighted("local"))),
}
WITH_MORE = {
    "ce-clip": Objective((weighted("negclip"), weighted("intra_modal"), weighted("ranking"))),
    "positives": Objective(
        tuple(
            weighted(name, weight=1.0)
            for name in (
                "sigmoid", "phrases", "attended_phrases", "paraphrase", "several_captions", "units",
                "separate_negatives", "text_distance", "margin",
            )
        )
    ),
    "degla": Objective((weighted("clip"), weighted("text_grounded"), weighted("distillation"))),
    "read-clip": Objective((weighted("paraphrase"), weighted("reconstruction", weight=1.0))),
}  # fmt: skip
_TURNS = Objective(
    (replace(weighted("sigmoid"), every=2), replace(weighted("clip"), every=2, at=1))
)
LEAVING_OUT = {
    "nothing written at this step": Objective(
        (weighted("clip"), replace(weighted("reconstruction"), every=2))
    ).at(1),
    "no sigmoid at this step": _TURNS.at(1),
    "nothing at this step": Objective((replace(weighted("clip"), every=2),)).at(1),
    "texts alone": Objective((weighted("paraphrase"), weighted("text_distance"))),
    "texts alone, each by itself": Objective((weighted("text_distance"),)),
}
ALL = CASES | WITH_MORE | LEAVING_OUT
POSITIVES = (1, 0, 0, 0, 2, 2, 1, 0)
Result = tuple[dict[str, Tensor], Terms]


def model_for(objective: Objective) -> ClipModel:
    is_biased = objective.needs_bias or objective.is_part
    model = clip_model(bias=-1.0 if is_biased else None)
    if is_biased:
        model.train_bias()
    if objective.needs_decoder or objective.is_part:
        model.add_prompt(WIDTH, generator=torch.Generator().manual_seed(0))
    return model


def batch_for(objective: Objective, model: ClipModel) -> Batch:
    positives = POSITIVES if objective.needs_positives else ()
    return batch_of(model, COUNTS, positives=positives, targets=objective.needs_decoder)


def gradient_of(
    model: ClipModel,
    batches: list[Batch],
    objective: Objective,
    *,
    wrapped: nn.Module | None = None,
) -> Result:
    model.zero_grad()
    teacher = teacher_of(clip_model(seed=1)) if objective.needs_teacher else None
    carried = {"ranking": torch.tensor([0.5, 2.0, 4.0], dtype=torch.float64)}
    writes = decoder() if objective.needs_decoder else None
    terms = backward(
        wrapped or model, batches, objective, teacher=teacher, decoder=writes, carried=carried
    )
    grads = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return grads, terms


def cut(batch: Batch, num_parts: int, model: ClipModel) -> list[Batch]:
    size = len(batch.ids) // num_parts
    return [part_of(batch, start, start + size, model) for start in range(0, len(batch.ids), size)]


def run_rank(rank: int, num_ranks: int, folder: Path) -> None:
    """Write what one of several processes finds for each case, whole and in two parts."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=num_ranks
    )
    found: dict[tuple[str, int], Result] = {}
    for name, objective in ALL.items():
        model = model_for(objective)
        own = cut(batch_for(objective, model), num_ranks, model)[rank]
        wrapped = DistributedDataParallel(model)
        for num_parts in (1, 2):
            parts = cut(own, num_parts, model) if num_parts > 1 else [own]
            grads, terms = gradient_of(model, parts, objective, wrapped=wrapped)
            for term in terms.values():
                distributed.all_reduce(term)
            means = {key: term / num_ranks for key, term in terms.items()}
            found[name, num_parts] = (grads, means)
    if rank == num_ranks - 1:
        torch.save(found, folder / "found.pt")
    distributed.destroy_process_group()


def assert_same(found: Result, expected: Result) -> None:
    for kind, wanted in zip(found, expected, strict=True):
        assert kind.keys() == wanted.keys()
        for name, tensor in kind.items():
            error = (tensor - wanted[name]).norm() / wanted[name].norm().clamp_min(1e-12)
            assert error < 1e-5, name


@pytest.mark.parametrize("num_ranks", [2, 4])
def test_ranks_do_not_change_the_gradient(num_ranks: int, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.run.test_backward"])
    ranks = [
        context.Process(target=run_rank, args=(rank, num_ranks, tmp_path))
        for rank in range(num_ranks)
    ]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
    assert [process.exitcode for process in ranks] == [0] * num_ranks
    found: dict[tuple[str, int], Result] = torch.load(tmp_path / "found.pt", weights_only=True)
    for (name, _), result in found.items():
        model = model_for(ALL[name])
        assert_same(result, gradient_of(model, [batch_for(ALL[name], model)], ALL[name]))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("num_parts", [2, 4, 8])
def test_parts_do_not_change_the_gradient(name: str, num_parts: int) -> None:
    model = model_for(ALL[name])
    batch = batch_for(ALL[name], model)
    whole = gradient_of(model, [batch], ALL[name])
    assert_same(gradient_of(model, cut(batch, num_parts, model), ALL[name]), whole)


@pytest.mark.parametrize("name", LEAVING_OUT)
def test_whatever_a_step_leaves_out_has_a_gradient_of_zero(name: str) -> None:
    objective = LEAVING_OUT[name]
    model = model_for(objective)
    grads, terms = gradient_of(model, [batch_for(objective, model)], objective)
    assert grads.keys() == {name for name, p in model.named_parameters() if p.requires_grad}
    whole = sum((each.weight * terms[each.loss] for each in objective.losses), torch.tensor(0.0))
    assert torch.isclose(terms["loss"], whole.double(), rtol=1e-12)
    assert not OBJECTIVES["fsc-clip"].leaves_out


def test_what_a_tower_draws_is_drawn_again_for_each_part() -> None:
    model = clip_model()
    model.clip.visual.patch_dropout = PatchDropout(0.5)
    seen: list[Tensor] = []
    model.register_forward_hook(lambda _, __, out: seen.append(out.image_BD.detach()))
    batch = batch_of(model, COUNTS)
    torch.manual_seed(3)
    backward(model, cut(batch, 2, model), OBJECTIVES["fsc-clip"])
    backward(model, cut(batch, 2, model), OBJECTIVES["fsc-clip"])
    once, again, later = seen[:2], seen[2:4], seen[4:6]
    assert all(map(torch.allclose, once, again))
    assert not any(map(torch.allclose, once, later))


@pytest.mark.parametrize("name", CASES)
def test_a_batch_without_negatives_is_a_step_like_another(name: str) -> None:
    model = clip_model()
    batch = batch_of(model, [0, 0, 0])
    grads, terms = gradient_of(model, [batch], CASES[name])
    plain, plain_terms = gradient_of(model, [batch], OBJECTIVES["clip"])
    times = sum(each.weight for _, each in CASES[name].over_batch())
    assert torch.isclose(terms["loss"], times * plain_terms["clip"], rtol=1e-12)
    for key, grad in grads.items():
        assert torch.allclose(grad, times * plain[key], atol=1e-12)


def test_what_negatives_weigh_does_not_depend_on_rows_without() -> None:
    model = clip_model()
    batch = batch_of(model, COUNTS)
    some = part_of(batch, 4, 8, model)
    terms = backward(model, [batch], OBJECTIVES["fsc-clip"])
    fewer = backward(model, [some], OBJECTIVES["fsc-clip"])
    rows = [count for count in COUNTS if count]
    first = backward(model, [part_of(batch, 0, 1, model)], OBJECTIVES["fsc-clip"])
    for name in ("global", "local", "global_p0", "local_p0"):
        mean = (first[name] + (len(rows) - 1) * fewer[name]) / len(rows)
        assert torch.isclose(terms[name], mean, rtol=1e-12)


def test_terms_add_up() -> None:
    model, objective = clip_model(), OBJECTIVES["fsc-clip"]
    terms = backward(model, [batch_of(model, COUNTS)], objective)
    expected = sum(each.weight * terms[each.loss] for each in objective.losses)
    assert torch.isclose(terms["loss"], expected, rtol=1e-12)
    assert not any(term.requires_grad for term in terms.values())
    assert 0 < terms["global_p0"] < 1


def test_a_loss_scale_scales_every_part() -> None:
    model = clip_model()
    batch = batch_of(model, COUNTS)
    for batches in ([batch], cut(batch, 2, model)):
        plain, _ = gradient_of(model, batches, OBJECTIVES["fsc-clip"])
        model.zero_grad()
        backward(model, batches, OBJECTIVES["fsc-clip"], scaled=lambda loss: 8 * loss)
        for name, parameter in model.named_parameters():
            assert torch.allclose(parameter.grad, 8 * plain[name], atol=1e-12)


def test_scores_and_losses_stay_single_under_autocast() -> None:
    model = clip_model(dtype=torch.float32)
    model.clip.logit_scale.data.fill_(4.6)  # logits near 100, where bfloat16 rounds at 0.5
    batch = batch_of(model, COUNTS, dtype=torch.float32)
    exact = backward(model, [batch], OBJECTIVES["fsc-clip"])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outside = backward(model, [batch], OBJECTIVES["fsc-clip"])
    assert all(torch.equal(outside[name], exact[name]) for name in exact)
    double = backward(
        model.double(),
        [replace(batch, image_BCHW=batch.image_BCHW.double())],
        OBJECTIVES["fsc-clip"],
    )
    assert all(torch.isclose(exact[name].double(), double[name], rtol=1e-4) for name in exact)
    model.float()
    rounded = backward(model, [batch], OBJECTIVES["fsc-clip"], precision=torch.bfloat16)
    assert {term.dtype for term in rounded.values()} == {torch.float32}
    assert 0 < abs(rounded["loss"] - exact["loss"]) < 0.2 * exact["loss"]


def test_layouts_travel_with_their_batch() -> None:
    model = clip_model()
    batch = batch_of(model, COUNTS)
    bare = replace(batch, layout=None)
    assert torch.equal(model(bare, tokens=False).text_TD, model(batch, tokens=False).text_TD)
    found, expected = (gradient_of(model, [one], OBJECTIVES["clip"]) for one in (bare, batch))
    assert_same(found, expected)
    assert batch.to("cpu").layout is not None
    assert batch.to("meta").layout.token_RS.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_step_never_waits_for_the_gpu() -> None:
    model = clip_model(dtype=torch.float32).to("cuda")
    batch = batch_of(model, COUNTS, dtype=torch.float32).pin_memory().to("cuda", non_blocking=True)
    backward(model, [batch], OBJECTIVES["fsc-clip"], precision=torch.bfloat16)
    torch.cuda.set_sync_debug_mode("error")
    backward(model, [batch], OBJECTIVES["fsc-clip"], precision=torch.bfloat16)
    backward(model, [batch, batch], OBJECTIVES["negclip"], precision=torch.bfloat16)
    torch.cuda.set_sync_debug_mode("default")

"""What a frozen decoder makes of captions, against its formula and against transformers' own."""

import pytest
import torch
from torch import Tensor

from tests.training.text_models import VOCABULARY, WIDTH, decoder
from training.objective.features import Features, Written, features_of
from training.objective.losses.writing import reconstruction_loss

TOKENS = torch.tensor([[3, 7, 4, 1], [9, 1, -100, -100], [2, 2, 1, -100]])
CAPTION = torch.tensor([0, 0, 2])


def normal(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64, requires_grad=True)


def written(logits_NLV: Tensor) -> Features:
    plain = features_of(
        image_BD=torch.ones(3, 1).double(),
        text_BCD=torch.ones(3, 1, 1).double(),
        valid_BC=torch.ones(3, 1).bool(),
        scale=torch.tensor(1.0),
    )
    given = Written(logits_NLV=logits_NLV, token_NL=TOKENS[: len(logits_NLV)],
                    caption_N=CAPTION[: len(logits_NLV)])  # fmt: skip
    return Features(
        image_BD=plain.image_BD, text_TD=plain.text_TD, place_T=plain.place_T,
        valid_BC=plain.valid_BC, scale=plain.scale, written=given,
    )  # fmt: skip


def test_reconstruction_is_its_formula() -> None:
    logits_NLV = normal(3, 4, VOCABULARY)
    expected = [0.0, 0.0, 0.0]
    for n, caption in enumerate(CAPTION.tolist()):
        for place, token in enumerate(TOKENS[n].tolist()):
            if token >= 0:
                p = logits_NLV[n, place].exp() / logits_NLV[n, place].exp().sum()
                expected[caption] -= float(p[token].detach().log())
    found = reconstruction_loss(written(logits_NLV)).loss_B
    assert torch.allclose(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-12)
    nothing = reconstruction_loss(written(logits_NLV[:0])).loss_B
    assert nothing.tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_a_decoder_sees_the_caption_and_the_tokens_before(kind: str) -> None:
    """Of T5 transformers gives the loss itself; a causal model is asked token by token."""
    writes, prompt_NW = decoder(kind), normal(3, WIDTH)
    logits_NLV = writes(prompt_NW, TOKENS)
    loss = reconstruction_loss(written(logits_NLV)).loss_B.sum() / (TOKENS >= 0).sum()
    if kind == "t5":
        out = writes.network(encoder_outputs=(prompt_NW[:, None],), labels=TOKENS)
        assert torch.isclose(loss, out.loss, rtol=1e-12)
        (grad,), (expected,) = (torch.autograd.grad(x, prompt_NW) for x in (loss, out.loss))
        assert torch.allclose(grad, expected, rtol=1e-10)
        assert grad.any()
        return
    embedded = writes.network.get_input_embeddings()
    for n, tokens in enumerate(TOKENS.tolist()):
        states = [prompt_NW[n], *embedded(torch.tensor(tokens).clamp_min(0))]
        for place in range(sum(token >= 0 for token in tokens)):
            seen = torch.stack(states[: place + 1])[None]
            expected = writes.network(inputs_embeds=seen).logits[0, -1]
            assert torch.allclose(logits_NLV[n, place], expected, rtol=1e-10)

"""Rows of texts: every text can be read off its row, and every token sees its own text alone."""

from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.batches.layout import TextForm, lay_out, tree_mask
from training.batches.tree import SLOT_MULTIPLE, plant

CAUSAL = TextForm(causal=True, context_length=77, pad_id=0, first=1)
PADDED = TextForm(causal=False, context_length=9, pad_id=3, first=0)
texts = st.lists(
    st.lists(st.integers(0, 3), min_size=1, max_size=40).map(lambda ids: [8, *ids, 9]),
    min_size=1,
    max_size=30,
)


@given(texts)
def test_every_text_is_found_in_its_row(lists: list[list[int]]) -> None:
    rows, num_slots = plant(lists)
    assert num_slots % SLOT_MULTIPLE == 0
    assert num_slots >= max(len(row.tokens) for row in rows)
    found = {number: (row, path) for row in rows for number, path in row.paths.items()}
    assert sorted(found) == list(range(len(lists)))
    for number, (row, path) in found.items():
        assert [row.tokens[slot] for slot in path] == lists[number]
        assert [row.positions[slot] for slot in path] == list(range(len(path)))


@given(texts)
def test_a_token_sees_what_stands_before_it_in_its_texts_and_nothing_else(
    lists: list[list[int]],
) -> None:
    layout = lay_out(lists, [], [], num_negatives=0, form=CAUSAL)
    seen_RSS = tree_mask(layout.end_RS)
    rows, _ = plant(lists)
    for seen_SS, row in zip(seen_RSS, rows, strict=True):
        for path in row.paths.values():
            for depth, slot in enumerate(path):
                assert seen_SS[slot].nonzero().flatten().tolist() == path[: depth + 1]
    assert seen_RSS.diagonal(dim1=1, dim2=2).all()


@given(texts)
def test_no_beginning_stands_twice_in_a_row(lists: list[list[int]]) -> None:
    for row in plant(lists)[0]:
        beginnings = {
            tuple(lists[number][: depth + 1])
            for number in row.paths
            for depth in range(len(lists[number]))
        }
        assert len(row.tokens) == len(beginnings)


def test_every_length_of_rows_is_tried() -> None:
    lengths = [24, 12, 16, 24, 8, 32]
    rows, num_slots = plant([[100 * n + k for k in range(size)] for n, size in enumerate(lengths)])
    assert (len(rows), num_slots) == (3, 40)  # 4 x 32 and 3 x 48 are more


@pytest.mark.parametrize("form", [CAUSAL, PADDED])
def test_paths_lead_to_the_tokens_of_each_caption_and_its_negatives(form: TextForm) -> None:
    captions = [[8, 1, 2, 9], [8, 1, 9]]
    negatives = [[8, 1, 3, 9], [8, 3, 3, 3, 3, 9]]
    layout = lay_out(captions, negatives, [2, 3], num_negatives=2, form=form)
    tokens = layout.token_RS.flatten()
    node_tokens = tokens[layout.node_BM].flatten().tolist()
    ended = layout.node_BM.numel()
    for text, path, last in zip(
        captions + negatives, layout.path_TL.tolist(), layout.last_T, strict=True
    ):
        read = [node_tokens[step] for step in path if step < ended]
        assert read == text[form.first :]
        assert tokens[last] == 9
    assert layout.place_T.tolist() == [0, 3, 4, 5]
    assert layout.valid_BC.tolist() == [[True, False, False], [True, True, True]]
    owners = [step // layout.node_BM.shape[1] for step in chain(*layout.path_TL.tolist())]
    assert set(owners) == {0, 1, 2}  # 2: past the end


def test_padding_is_what_the_tokenizer_pads_with() -> None:
    layout = lay_out([[5, 4]], [], [], num_negatives=0, form=PADDED)
    assert torch.equal(layout.token_RS, torch.tensor([[5, 4, *[3] * 7]]))

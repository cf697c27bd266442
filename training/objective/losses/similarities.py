"""How alike a token is to what it sees of an image (FSC-CLIP, arXiv 2410.05210, section 3).

Shape suffixes: B images, P patches, M distinct tokens of an image's candidates, D embedding.
"""

from typing import Literal

import torch
from torch import Tensor

Attention = Literal["minmax", "softmax", "sparse"]


def local_similarities(
    patch_BPD: Tensor, token_BMD: Tensor, *, attention: Attention = "minmax"
) -> Tensor:
    """Return cos(v^_w, t_w) as BM, with gradient through v and t and none through a.

    With G = V V^T (P x P) and s_wp = <t_w, v_p>,
        cos(v^_w, t_w) = sum_p a_wp s_wp / (|t_w| sqrt(a_w^T G a_w)),
    so that v^, which is tokens x D, is never formed.
    """
    product_BMP = token_BMD @ patch_BPD.mT
    weight_BMP = attention_weights(product_BMP.detach(), attention=attention)
    gram_BPP = patch_BPD @ patch_BPD.mT
    along_BM = (weight_BMP * product_BMP).sum(-1)
    square_BM = ((weight_BMP @ gram_BPP) * weight_BMP).sum(-1)
    least = torch.finfo(square_BM.dtype).tiny
    view_BM: Tensor = square_BM.clamp_min(least).sqrt()
    norm_BM: Tensor = torch.linalg.vector_norm(token_BMD, dim=-1).clamp_min(least)
    similarity_BM: Tensor = along_BM / (view_BM * norm_BM)
    return similarity_BM


def attention_weights(product_BMP: Tensor, *, attention: Attention) -> Tensor:
    """Return a_BMP, each token's weights over the patches, with sum 1.

    minmax: (s - min_p) / (max_p - min_p), divided by its sum; equal scores give 1/P each.
    sparse: the same, entries below 1/P set to 0 before the division.
    softmax: softmax over p.
    """
    if attention == "softmax":
        return product_BMP.softmax(-1)
    least_BM1, most_BM1 = product_BMP.aminmax(dim=-1, keepdim=True)
    span_BM1 = most_BM1 - least_BM1
    weight_BMP = ((product_BMP - least_BM1) / span_BM1).masked_fill(span_BM1 == 0, 1)
    if attention == "sparse":
        weight_BMP = weight_BMP.masked_fill(weight_BMP < 1 / weight_BMP.shape[-1], 0)
    return weight_BMP / weight_BMP.sum(-1, keepdim=True)

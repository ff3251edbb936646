"""World B: a causal transformer over single characters of dictionary glosses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from perf.designed.text import ALPHABET, CONTEXT, chunks

__all__ = ["Transformer"]

VOCABULARY = len(ALPHABET)


@dataclass(frozen=True)
class Transformer:
    """Pre-norm blocks without biases, RMS norm without gain, learned positions, ReLU, tied embeddings."""

    width: int
    depth: int
    heads: int
    name = "text"
    unit = CONTEXT
    """Symbols in one item of the pool."""

    @property
    def params_nonembedding(self) -> int:
        return 12 * self.width**2 * self.depth

    @property
    def params(self) -> int:
        return self.params_nonembedding + (VOCABULARY + CONTEXT) * self.width

    @property
    def flops_per_token(self) -> int:
        """Forward and backward matrix products of one symbol, attention scores and output layer included."""
        return 6 * (self.params_nonembedding + VOCABULARY * self.width) + 12 * self.depth * CONTEXT * self.width

    def shapes(self) -> dict[str, tuple[tuple[int, ...], float]]:
        w, out = self.width, (2 * self.depth) ** -0.5
        shapes: dict[str, tuple[tuple[int, ...], float]] = {
            "symbols": ((VOCABULARY, w), w**-0.5),
            "positions": ((CONTEXT, w), 0.5 * w**-0.5),
        }
        for i in range(self.depth):
            shapes[f"qkv{i}"] = ((w, 3 * w), w**-0.5)
            shapes[f"mix{i}"] = ((w, w), out * w**-0.5)
            shapes[f"up{i}"] = ((w, 4 * w), (2 / w) ** 0.5)
            shapes[f"down{i}"] = ((4 * w, w), out * (4 * w) ** -0.5)
        return shapes

    def losses(self, weights: dict[str, Tensor], items: tuple[Tensor, ...]) -> Tensor:
        """Return the cross-entropy of every symbol in nats, (runs, symbols)."""
        (chunk,) = items
        runs, batch, _ = chunk.shape
        chunk = chunk.long()
        w, heads = self.width, self.heads
        inputs, targets = chunk[:, :, :-1].reshape(runs, -1), chunk[:, :, 1:].reshape(-1)
        offset = VOCABULARY * torch.arange(runs, device=chunk.device)[:, None]
        h = F.embedding(inputs + offset, weights["symbols"].view(-1, w)).view(runs, batch, CONTEXT, w)
        h = (h + weights["positions"][:, None]).view(runs, -1, w)
        for i in range(self.depth):
            qkv = torch.bmm(F.rms_norm(h, (w,)), weights[f"qkv{i}"]).view(runs * batch, CONTEXT, 3, heads, w // heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(runs, -1, w)
            h = torch.baddbmm(h, mixed, weights[f"mix{i}"])
            h = torch.baddbmm(h, torch.bmm(F.rms_norm(h, (w,)), weights[f"up{i}"]).relu_(), weights[f"down{i}"])
        scores = torch.bmm(F.rms_norm(h, (w,)), weights["symbols"].transpose(1, 2))
        return F.cross_entropy(scores.view(-1, VOCABULARY), targets, reduction="none").view(runs, -1)

    @staticmethod
    def pool(device: torch.device) -> tuple[Tensor, ...]:
        return (chunks()[0].to(device),)

    @staticmethod
    def evaluation(device: torch.device) -> tuple[Tensor, ...]:
        return (chunks()[1].to(device),)

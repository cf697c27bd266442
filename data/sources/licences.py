"""The licences of the published datasets' captions; images have their own."""

from typing import Final

LICENCES: Final = {
    "coco": "CC-BY-4.0",
    "flickr30k": "LicenseRef-Flickr30k (non-commercial research and education)",
    "flickr8k": "LicenseRef-Flickr8k (non-commercial research and education)",
    "cc3m": "LicenseRef-Conceptual-Captions (free for any purpose, as is; acknowledge Google LLC)",
    "laion_coco": "CC-BY-4.0",
}
"""Source -> SPDX identifier, or a LicenseRef with a summary of the terms."""

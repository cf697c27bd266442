"""The pairs that the issue names: their ratios to chance and their overlap (part A)."""

import numpy as np
from corpora import block, counted

from evidence import evidence_of
from negatives.exclusion.scores import Prior, posterior
from negatives.fluency.counts import table_of
from negatives.fluency.words import hash_of

EXCLUDE = """noun man/woman; adj red/blue; verb sit/stand; adj young/old; adj black/white;
noun boy/girl; noun dog/cat; verb run/walk; adj large/small; adj blue/green; noun grass/snow"""
COMPATIBLE = """noun street/road; adj busy/crowded; noun hat/cap; noun jacket/coat;
noun railing/fence; noun sidewalk/street; noun car/truck; noun lake/river; noun bike/motorcycle;
noun fruit/vegetable; noun cement/concrete; noun rugby/soccer; noun pole/post; noun book/magazine;
noun blanket/sheet; noun skier/snowboarder; verb hit/miss; verb follow/lead; noun boot/shoe;
verb catch/throw; verb pull/push; adj pink/purple"""

tally, numbering = counted(block("flickr8k"))
table = table_of(tally)
print(len(tally.keys), "entries")
for title, listed in (("exclude", EXCLUDE), ("compatible", COMPATIBLE)):
    print(title)
    for pair in listed.split(";"):
        kind, words = pair.split()
        a, b = words.split("/")
        h = [np.array([hash_of(x)], np.uint64) for x in (kind, a, b)]
        e = evidence_of(table, *h)
        rho = posterior(e.apart, e.chance, Prior(1.0, 1.0))
        tau = posterior(e.apart, e.exposure, Prior(0.1, 2.0))
        print(
            f"  {words:18s} apart {e.apart[0]:5.0f} together {e.together[0]:5.0f} "
            f"chance {e.chance[0]:7.2f} ratio {rho.mean()[0]:6.2f} "
            f"[{rho.quantile(0.025)[0]:.2f}, {rho.quantile(0.975)[0]:.2f}]  "
            f"exposure {e.exposure[0]:6.1f} overlap {tau.mean()[0]:.3f} "
            f"[{tau.quantile(0.025)[0]:.3f}, {tau.quantile(0.975)[0]:.3f}]"
        )

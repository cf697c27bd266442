"""What every test stands on: no network; an S3 server on loopback for those that ask for it."""

import os

from tests.s3_server import s3, s3_address

__all__ = ["s3", "s3_address"]

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
# On what tests compute, threads do nothing but wait for each other; commands inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

"""Finished folders of shards: imported, exported, filtered, merged, with their lineage."""

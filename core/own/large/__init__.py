"""Catalogues that are too large for one process: embedded shard by shard, and written to Milvus."""

"""Milvus: catalogues that are too large for one process. pymilvus is imported when one is asked for, never before."""

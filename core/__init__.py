"""Vitrine's core: everything that searches, and nothing that draws.

No module here except those under `core.ui` imports streamlit, and importing `core` itself is free:
torch, onnxruntime, hnswlib and pandas are imported inside the functions that need them.
"""

__version__ = "0.1.0"

"""All that visitors see: the only part of core that imports streamlit."""

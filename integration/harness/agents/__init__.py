"""Real agents from the package index, each with a model server of this folder."""

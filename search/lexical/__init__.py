"""The lexical side: terms of a text (`analyzer`), BM25 weights (`bm25`), marked words."""

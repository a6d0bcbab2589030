"""Backups: all that an index, its state and its uploads hold, in a folder of plain files.

    manifest.json           what the index was built with, and how much there is
    chunks-00001.jsonl.gz   documents, each followed by its chunks, a JSON object a line
    chunks-00001.npy        their dense vectors in the same order, float32 [chunks, dimension]
    state.db                keys, searches and feedback, if there are any
    uploads.tar             the files of managed sources, if there are any
    SHA256SUMS              of all the others, as `sha256sum --check` reads it

It goes through the `Store` Protocol both ways, so that what was saved from one engine can be
restored into another.
"""

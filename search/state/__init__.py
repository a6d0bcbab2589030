"""What is not documents, in one SQLite file, `state.db`: API keys, searches, feedback."""

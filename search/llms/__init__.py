"""Language models that generate: an HTTP endpoint, llama.cpp in this process, a fake."""

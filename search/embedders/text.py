"""Text that every tokenizer takes."""


def encodable(text: str) -> str:
    """Replace what cannot be passed on: NUL, which ends a C string, and lone surrogates.

    Two surrogates that make up one character become that character.
    """
    text = text.replace("\0", " ")
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

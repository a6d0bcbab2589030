"""What the service says of itself in its OpenAPI document, beyond what FastAPI derives."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

VERSION = "1.0.0"
"""Of the contract, not of the kit: its first number is that of `/v1`."""

DESCRIPTION = """Everything under `/v1` needs a key or token where the service asks for one, and
answers under its tenant, user and groups: what a caller may not read is as if it were not there.
Errors are problem details (RFC 9457). A 429 or 503 with `Retry-After` says when to come again;
`X-Request-Timeout` says for how many seconds the answer is of use. Every answer carries
`X-Trace-Id`, by which the service's log names the request."""

TAGS = [
    {"name": "search", "description": "Finding passages."},
    {"name": "documents", "description": "What is indexed, and the files themselves."},
    {"name": "jobs", "description": "What takes longer than an answer."},
    {"name": "feedback", "description": "What became of the hits."},
    {"name": "health", "description": "For whoever watches the service."},
]

PROBLEM = {"$ref": "#/components/schemas/Problem"}


REF = "#/components/schemas/{model}"


def event_schema(name: str, data: type[BaseModel]) -> dict[str, Any]:
    """Describe a server-sent event, in the words of OpenAPI.

    Args:
        name: of the event.
        data: what it carries; the models inside it are among the document's components.
    """
    content = data.model_json_schema(mode="serialization", ref_template=REF)
    content.pop("$defs", None)
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"const": name},
            "data": {
                "type": "string", "contentMediaType": "application/json", "contentSchema": content,
            },
        },
    }  # fmt: skip


class Described(FastAPI):
    """An application whose document is true to the letter where FastAPI's is not."""

    def openapi(self) -> dict[str, Any]:
        """Describe the application."""
        if self.openapi_schema is None:
            for methods in super().openapi()["paths"].values():
                for operation in methods.values():
                    _correct(operation)
        return super().openapi()


def _correct(operation: dict[str, Any]) -> None:
    """Name the media type of errors; a parameter may be left out, but never be null."""
    for response in operation["responses"].values():
        content = response.get("content", {})
        for media_type in [m for m, c in content.items() if c.get("schema") == PROBLEM]:
            content["application/problem+json"] = content.pop(media_type)
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        choices = [choice for choice in schema.pop("anyOf", ()) if choice != {"type": "null"}]
        if len(choices) == 1:
            schema |= choices[0]
        elif choices:
            schema["anyOf"] = choices

"""What a published OpenAPI document says: its operations, their parameters and their errors."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

METHODS = ("get", "put", "post", "delete", "patch")
# Tried where a document has one answer for every error.
USUAL_ERRORS = (400, 401, 403, 404, 429, 500, 503)


class DocumentError(Exception):
    """Something a person must see."""


@dataclass(frozen=True)
class Operation:
    """One operation of a document. `path` is where it is asked for, `template` how the document has it."""

    method: str
    path: str
    template: str
    queries: frozenset
    errors: tuple

    @property
    def name(self):
        return f"{self.method} {self.path}"


class Document:
    """OpenAPI 3 or Swagger 2.0, in JSON or YAML."""

    def __init__(self, path):
        self.path = Path(path)
        self.content = load(self.path)
        # Swagger 2.0 puts this before every path; Prism does not.
        self.prefix = self.content.get("basePath", "").rstrip("/")
        self.operations = [
            self.operation(template, method, item)
            for template, item in self.content["paths"].items()
            for method in METHODS
            if method in item
        ]
        # What is spelled out goes before what fits anything.
        self.operations.sort(key=lambda operation: operation.template.count("{"))

    def operation(self, template, method, item):
        said = item[method]
        parameters = [self.resolved(one) for one in item.get("parameters", []) + said.get("parameters", [])]
        queries = frozenset(one["name"] for one in parameters if one["in"] == "query")
        return Operation(method.upper(), self.prefix + template, template, queries, errors_of(said))

    def resolved(self, value):
        """What a local reference stands for."""
        while "$ref" in value:
            place = self.content
            for part in value["$ref"].removeprefix("#/").split("/"):
                place = place[part.replace("~1", "/").replace("~0", "~")]
            value = place
        return value

    def find(self, method, path):
        """The operation that a request is for; none where the document has no such."""
        fitting = (one for one in self.operations if one.method == method and fits(one.path, path))
        return next(fitting, None)


def load(path):
    import yaml

    try:
        text = path.read_text()
        # YAML takes half a minute for what JSON takes no time for.
        is_json = text.lstrip().startswith("{")
        content = json.loads(text) if is_json else yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if not content["paths"]:
            raise KeyError("paths")
        return content
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise DocumentError(f"{path} is no OpenAPI document: {error}") from error


def errors_of(said):
    """The statuses that are documented errors."""
    codes = [str(code) for code in said.get("responses", {})]
    named = tuple(sorted(int(code) for code in codes if code.isdigit() and int(code) >= 400))
    return named or (USUAL_ERRORS if "default" in codes else ())


def fits(template, path):
    parts = re.split(r"(\{[^}]*\})", template)
    pattern = "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts)
    return re.fullmatch(pattern, path) is not None


def plain(name):
    """An operation's name without what its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", name)

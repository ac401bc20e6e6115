"""Words of the provider's as the caller is told them: what we call an attempt says nothing to whom it is told.

The provider knows an attempt by our reference of it and may quote that where it says what was wrong. The caller knows
the message by its own `client_ref`, so that stands in its place, or nothing where it gave none.
"""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

from shared.model import Problem, Workflow


def in_caller_words(text: str, workflow: Workflow) -> str:
    """Return `text` with the caller's `client_ref` of the step for every reference to an attempt of this workflow."""
    # As `shared.ids.reference` writes them; those of other workflows are nobody's whom we could name.
    ours = UUID(workflow.workflow_id).hex
    quoted = re.compile(rf"(?<![0-9a-z]){ours}\.([0-9]{{1,2}})\.[0-9]{{1,3}}(?![0-9])", re.IGNORECASE)

    def named(found: re.Match[str]) -> str:
        number = int(found[1])
        step = workflow.steps[number - 1] if 1 <= number <= len(workflow.steps) else None
        return (step.client_ref or "") if step is not None else ""

    return quoted.sub(named, text)


def problem_in_caller_words(problem: Problem | None, workflow: Workflow) -> Problem | None:
    """Return a problem whose words are the caller's; its code and type stay."""
    if problem is None:
        return None
    title, detail = in_caller_words(problem.title, workflow), in_caller_words(problem.detail, workflow)
    return replace(problem, title=title, detail=detail)

"""The language of a WhatsApp template whose caller named none. Pure.

Bodies of the beta and of v0.1 may leave it out, as both generations once let them (protocol 2.1). Every address that a
provider has today refuses a template without one, so the step would always die, and its person get the fallback. The
language is the one that the provider's own client for Python sends then (protocol 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.model import Message

TEMPLATE_LANGUAGE = "en_US"


def with_language(message: Message, options: object) -> object:
    """Return the channel's options for a call; those of a WhatsApp template name a language. None: no options."""
    if (message.channel, message.kind) != ("whatsapp", "template"):
        return options
    if options is None:
        return {"locale": TEMPLATE_LANGUAGE}
    return {"locale": TEMPLATE_LANGUAGE, **options} if isinstance(options, Mapping) else options

"""The pieces that content is made of on several channels: addresses of files, captions, templates.

A description says what a value must be ("a string of ..."): the schemas show it, and faults say "must be ..." with it.
Limits are the loosest where the provider's documents differ.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

Url = Annotated[str, Meta(min_length=1, max_length=2000, description="a URL of 1 to 2000 characters")]
Caption = Annotated[str, Meta(min_length=1, max_length=3000, description="a string of 1 to 3000 characters")]
Filled = Annotated[str, Meta(min_length=1, description="a string that is not empty")]
NotBlank = Annotated[str, Meta(pattern="[^ \t\r\n]", description="a string that is not blank")]
FreeForm = Annotated[dict[str, Any], Meta(description="an object; it goes to the channel as it is")]


def text_meta(most: int) -> Meta:
    """Return what is asked of a text: 1 to `most` characters, each code point counting as one."""
    return Meta(min_length=1, max_length=most, description=f"a string of 1 to {most} characters")


class FileAtUrl(Struct, kw_only=True):
    """A file that the provider fetches."""

    url: Url


class CaptionedFile(Struct, kw_only=True):
    """A file that the provider fetches, with words to show beside it."""

    url: Url
    caption: Caption | UnsetType = UNSET


class ImageContent(Struct, kw_only=True):
    """An image."""

    image: FileAtUrl


class CaptionedImageContent(Struct, kw_only=True):
    """An image with a caption."""

    image: CaptionedFile


class AudioContent(Struct, kw_only=True):
    """A sound."""

    audio: FileAtUrl


class VideoContent(Struct, kw_only=True):
    """A video."""

    video: FileAtUrl


class CaptionedVideoContent(Struct, kw_only=True):
    """A video with a caption."""

    video: CaptionedFile


class FileContent(Struct, kw_only=True):
    """A file."""

    file: FileAtUrl


class CustomContent(Struct, kw_only=True):
    """Whatever the channel itself understands; passed through to it."""

    custom: FreeForm


class TemplateParameter(Struct, kw_only=True):
    """A template's parameter in its old form, `{"default": "..."}`; newer ones are plain strings."""

    default: str


class Template(Struct, kw_only=True):
    """A template that the channel knows by its name, and what fills its places."""

    name: Filled
    parameters: list[str | TemplateParameter] | UnsetType = UNSET


class TemplateContent(Struct, kw_only=True):
    """A template."""

    template: Template

"""What click itself says, so that the catalogues hold it: click asks `gettext` for these very texts.

Taken from click 8.1 to 8.5. A text that a later click words in another way appears in English.
"""

from __future__ import annotations

from avg_video.language import mark, mark_plural

__all__ = ["MESSAGES", "PLURALS"]

MESSAGES = (
    # help
    mark("Usage:"),
    mark("Options"),
    mark("Commands"),
    mark("Show this message and exit."),
    mark("[OPTIONS]"),
    mark("COMMAND [ARGS]..."),
    mark("default: {default}"),
    mark("env var: {var}"),
    mark("required"),
    mark("(dynamic)"),
    # arguments that can't be
    mark("Missing argument"),
    mark("Missing option"),
    mark("Missing parameter"),
    mark("Missing {param_type}"),
    mark("Missing parameter: {param_name}"),
    mark("Missing command."),
    mark("Invalid value: {message}"),
    mark("Invalid value for {param_hint}: {message}"),
    mark("No such option {name!r}."),
    mark("No such option: {name}"),
    mark("No such command {name!r}."),
    mark("Option {name!r} does not take a value."),
    mark("Argument {name!r} takes {nargs} values."),
    mark("Value must be an iterable."),
    mark("Choose from:\n\t{choices}"),
    mark("{value!r} is not a valid {number_type}."),
    mark("{value} is not in the range {range}."),
    mark("{value!r} is not a valid boolean."),
    mark("{value!r} is not a valid boolean. Recognized values: {states}"),
    # what stands for a value where a command names none itself
    *(mark("DAY"), mark("EVENT"), mark("FILE"), mark("FILE|FOLDER"), mark("NAME"), mark("OUTPUT"), mark("TEXT")),
    *(mark("TOKEN"),),
    # questions
    mark("Do you want to continue?"),
    mark("Error: invalid input"),
    mark("Error: {message}"),
    mark("Aborted!"),
)

PLURALS = (
    mark_plural("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    mark_plural("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    mark_plural("Takes {nargs} values but 1 was given.", "Takes {nargs} values but {len} were given."),
    mark_plural("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    mark_plural("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    mark_plural("{value!r} does not match the format {format}.", "{value!r} does not match the formats {formats}."),
)

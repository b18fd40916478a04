"""Verbs whose THING may be a command line, with its own `--` in it."""

import click


class TakesCommandLine(click.Command):
    """A verb whose THING may be a command line, unquoted: `vllm==0.11.0 -- serve m --max-model-len 32k`.

    click drops the `--` that ends its own options, and THING needs it. So it is given twice, where it stands behind
    THING's first word (and not behind an option's value).
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words as click wants them, with the `--` of THING doubled."""
        at = args.index("--") if "--" in args else 0
        if self._begins_thing(args[:at]):
            args = [*args[:at], "--", *args[at:]]
        return super().parse_args(ctx, args)

    def _begins_thing(self, words: list[str]) -> bool:
        """Whether a word of THING is among them, and not only options with their values."""
        takes_value = {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}
        return any(
            not word.startswith("-") and before not in takes_value
            for before, word in zip(["", *words], words, strict=False)
        )


def tell_misplaced(thing: tuple[str, ...]) -> None:
    """Say that options come first, where one of ours stands behind the `--` and the engine does not know it."""
    from skewguard import api

    command = click.get_current_context().command
    options = [name for option in command.params for name in (*option.opts, *option.secondary_opts)]
    lost = api.misplaced_options(thing, [name for name in options if name.startswith("-")])
    if lost:
        from skewguard.cli import telling
        from skewguard.report.characters import visible

        example = visible(f"skewguard {command.name} {lost[0]} … {thing[0].split(' ')[0]} -- …")
        telling.say(
            f"note: {', '.join(lost)} stands behind `--`, where every word is the engine's; for skewguard it must come "
            f"first: `{example}`"
        )

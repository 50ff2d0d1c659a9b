"""Print what bash needs to complete alembic, as the installed Alembic has it."""

from __future__ import annotations

import argparse

from alembic.config import CommandLine


def main() -> None:
    parser = CommandLine(prog="alembic").parser
    commands = next(
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    print("_alembic() {")
    print('  local word=${COMP_WORDS[COMP_CWORD]} command="" each')
    print('  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do')
    print(f"    case $each in {'|'.join(commands.choices)}) command=$each ;; esac")
    print("  done")
    print("  case $command in")
    for name, command in commands.choices.items():
        words = " ".join(option for a in command._actions for option in a.option_strings)
        words += {"upgrade": " head", "downgrade": " base -1", "stamp": " head base"}.get(name, "")
        print(f"    {name}) each='{words}' ;;")
    words = " ".join(option for a in parser._actions for option in a.option_strings)
    print(f"    *) each='{' '.join(commands.choices)} {words}' ;;")
    print("  esac")
    print('  mapfile -t COMPREPLY < <(compgen -W "$each" -- "$word")')
    print("}")
    print("complete -o default -F _alembic alembic")


if __name__ == "__main__":
    main()

"""What the command line runs, a module or a room for each command.

Each has `add(commands)`, which adds the command's options and names the function that runs it, so that a command is
read in one place. All commands are here, also those of one feature: a feature gives answers, and a job asks for them
and prints. `python -m core --help` imports every job, so what is heavy is imported inside functions.
"""

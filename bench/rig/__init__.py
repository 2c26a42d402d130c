"""What benchmarks share: the command line timed, data cut and written as a user would, rivals, judgement.

Cuts and rivals are written anew here, from their definitions: they check the package's own.
"""

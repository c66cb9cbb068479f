"""faults."""
def add_arguments(sub): pass
def main(arguments): pass

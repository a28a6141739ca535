"""`python -m mygo_cli`, the same as `mygo`."""

from mygo_cli.app import main

if __name__ == "__main__":
    main()
